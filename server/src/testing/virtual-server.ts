import { createHash } from "node:crypto"
import { client as opaque, ready } from "@serenity-kit/opaque"
import { nodeRandom, suite0001 } from "@qpc/crypto/node"
import { decodeEnvelope, encodeEnvelope } from "@qpc/envelope"
import type { EnvelopeKind } from "@qpc/envelope"
import { connectRpc, methods } from "@qpc/rpc"
import type { RpcClient } from "@qpc/rpc"
import { memoryListener } from "@qpc/transport"
import { concatBytes, newMessageId, toGroupId, toIdentityKey, toUtf8 } from "@qpc/wire"
import type { GroupId, IdentityKey, MessageId } from "@qpc/wire"
import { toConfiguration } from "../config/configuration.ts"
import type { OptionTexts } from "../config/configuration.ts"
import type { Observation } from "../observe.ts"
import type { Fault } from "../fault.ts"
import type { Server } from "../server.ts"
import { openServer } from "../start-server.ts"
import type { Storage } from "../storage/storage.ts"
import { VirtualServerClock } from "./server-clock.ts"

/** A server in this process, with a clock that the test moves. */
export interface VirtualServer extends AsyncDisposable {
  readonly server: Server
  readonly clock: VirtualServerClock
  readonly observations: Observation[]
  readonly faults: Fault[]
  /** A new connection. It ends with the server. */
  connect(): Promise<RpcClient>
}

/** @param storage - stays the caller's */
export async function virtualServer(storage: Storage, options: OptionTexts = {}): Promise<VirtualServer> {
  const clock = new VirtualServerClock()
  const observations: Observation[] = []
  const faults: Fault[] = []
  const server = await openServer({
    storage,
    configuration: toConfiguration(options),
    clock,
    observe: (observation) => void observations.push(observation),
    onFault: (fault) => void faults.push(fault),
  })
  const { listener, dial } = memoryListener()
  const serving = server.serve(listener)
  return {
    server,
    clock,
    observations,
    faults,
    connect: async () => connectRpc(await dial()),
    [Symbol.asyncDispose]: async () => {
      await listener.close()
      const closed = server.close(1000)
      clock.advance(1000)
      await closed
      await serving
    },
  }
}

// As cheap as Argon2id gets: these passwords protect nothing.
const KEY_STRETCHING = { "argon2id-custom": { iterations: 1, memory: 8, parallelism: 1 } } as const

const toBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64url"))
const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url")

interface KeyPair {
  readonly publicKey: Uint8Array
  readonly privateKey: Uint8Array
}

/** A key pair for a person, from one byte. */
export const identityOf = (seed: number): { readonly publicKey: IdentityKey; readonly privateKey: Uint8Array } => {
  const { publicKey, privateKey } = suite0001.signatureKeyPair(new Uint8Array(32).fill(seed))
  return { publicKey: toIdentityKey(publicKey), privateKey }
}

/** Registers as a client does. @param change - what a dishonest client does differently */
export async function register(
  rpc: RpcClient,
  person: { readonly username: string; readonly password: string; readonly seed: number },
  change: { readonly proof?: Uint8Array; readonly upload?: Uint8Array; readonly finishAs?: string } = {},
): Promise<IdentityKey> {
  await ready
  const { username, password, seed } = person
  const started = opaque.startRegistration({ password })
  const request = toBytes(started.registrationRequest)
  const { response } = await rpc.call(methods.opaqueRegisterStart, { username, request })
  const { registrationRecord } = opaque.finishRegistration({
    password,
    registrationResponse: toText(response),
    clientRegistrationState: started.clientRegistrationState,
    keyStretching: KEY_STRETCHING,
  })
  const upload = change.upload ?? toBytes(registrationRecord)
  const { publicKey, privateKey } = identityOf(seed)
  const zero = Uint8Array.of(0)
  const hash = new Uint8Array(createHash("sha256").update(upload).digest())
  const proven = concatBytes(toUtf8("qpc register v1"), zero, toUtf8(username), zero, hash)
  const identityProof = change.proof ?? suite0001.sign(privateKey, proven)
  const finished = { username: change.finishAs ?? username, upload, identityKey: publicKey, identityProof }
  await rpc.call(methods.opaqueRegisterFinish, finished)
  return publicKey
}

/**
 * Logs in as a client does, with the key of `device`, or of the first device of a person with a seed; with neither it shows no key,
 * as no honest client does. `undefined` where the client sees that the password is wrong.
 */
export async function login(
  rpc: RpcClient,
  { username, password, seed }: { readonly username: string; readonly password: string; readonly seed?: number },
  device: KeyPair | undefined = seed === undefined ? undefined : identityOf(seed),
): Promise<Uint8Array | undefined> {
  await ready
  const started = opaque.startLogin({ password })
  const request = toBytes(started.startLoginRequest)
  const { response } = await rpc.call(methods.opaqueLoginStart, { username, request })
  const finished = opaque.finishLogin({
    password,
    clientLoginState: started.clientLoginState,
    loginResponse: toText(response),
    keyStretching: KEY_STRETCHING,
  })
  if (!finished) return undefined
  const finalization = toBytes(finished.finishLoginRequest)
  const zero = Uint8Array.of(0)
  const hash = new Uint8Array(createHash("sha256").update(finalization).digest())
  const proven = concatBytes(toUtf8("qpc login v1"), zero, toUtf8(username), zero, hash)
  const proof = device && {
    deviceKey: device.publicKey,
    deviceProof: suite0001.sign(device.privateKey, proven),
  }
  return (await rpc.call(methods.opaqueLoginFinish, { username, finalization, ...proof })).sessionToken
}

/** A connection that speaks for a new person. */
export async function join(
  host: VirtualServer,
  username: string,
  seed: number,
): Promise<{ readonly rpc: RpcClient; readonly key: IdentityKey; readonly token: Uint8Array }> {
  const rpc = await host.connect()
  const person = { username, password: `password of ${username}`, seed }
  const key = await register(rpc, person)
  const token = await login(rpc, person)
  if (!token) throw new Error("unreachable: the right password was refused")
  return { rpc, key, token }
}

export const testChannel: GroupId = toGroupId(new Uint8Array(16).fill(0xcc))

/** An envelope with a label and nothing sensible inside. */
export function envelope(
  kind: EnvelopeKind,
  epoch: bigint,
  content: Uint8Array,
  groupId: GroupId = testChannel,
): Uint8Array {
  return encodeEnvelope({ kind, groupId, epoch, sealed: content })
}

/** What becomes of an offered commit or Welcome that was delivered with the log label of `delivered`. */
export function signedFor(offered: Uint8Array, delivered: Uint8Array): Uint8Array {
  return encodeEnvelope({ ...decodeEnvelope(offered), log: decodeEnvelope(delivered).log! })
}

/** A batch of the test channel, ready to be sent. */
export interface TestBatch {
  readonly messageId: MessageId
  readonly channelId: GroupId
  readonly deliveries: { recipientKeys: IdentityKey[]; payload: Uint8Array }[]
}

/** A batch that commits out of `epoch`, with Welcomes for those who join. */
export function commitBatch(parts: {
  readonly epoch: bigint
  readonly members: readonly IdentityKey[]
  readonly after: readonly IdentityKey[]
  readonly content?: number
}): TestBatch & {
  readonly claim: { readonly epoch: bigint; readonly membersAfter: IdentityKey[]; authenticatorHash: Uint8Array }
} {
  const { epoch, members, after, content = 0 } = parts
  const joining = after.filter((key) => !members.includes(key))
  const commit = { recipientKeys: [...members], payload: envelope("commit", epoch, Uint8Array.of(content)) }
  const welcome = { recipientKeys: joining, payload: envelope("welcome", epoch + 1n, Uint8Array.of(content)) }
  return {
    messageId: newMessageId(0, nodeRandom),
    channelId: testChannel,
    deliveries: joining.length > 0 ? [commit, welcome] : [commit],
    claim: { epoch, membersAfter: [...after], authenticatorHash: new Uint8Array(32).fill(content) },
  }
}

/** A batch that says `content` to `recipients`. */
export function textBatch(recipients: readonly IdentityKey[], content: number): TestBatch {
  const payload = envelope("application", 1n, Uint8Array.of(content))
  const deliveries = [{ recipientKeys: [...recipients], payload }]
  return { messageId: newMessageId(0, nodeRandom), channelId: testChannel, deliveries }
}
