import { toIdentityKey } from "@qpc/wire"
import { signServerTime, TIME_NONCE_BYTES } from "@qpc/envelope"
import type { KeyPair } from "@qpc/crypto"
import type { Handlers, RequestOf, Methods, ResponseInitOf } from "@qpc/rpc"
import type { Accounts } from "../accounts/accounts.ts"
import type { Devices } from "../accounts/devices.ts"
import type { ServerClock } from "../clock.ts"
import type { LogSuite } from "../delivery/delivery-key.ts"
import { reachedNobody } from "../delivery/delivery.ts"
import type { Delivery } from "../delivery/delivery.ts"
import type { InboxNotifier } from "../delivery/inbox-notifier.ts"
import type { KeyPackages } from "../key-packages.ts"
import type { Observe } from "../observe.ts"
import { refusal } from "../refusal.ts"
import type { ServerLimits } from "../server-limits.ts"
import { FIRST_SUITE } from "../storage/storage.ts"
import type { HeadPosition, Storage } from "../storage/storage.ts"
import type { ClientConnection } from "./client-connection.ts"
import type { IdentityConnections } from "./identity-connections.ts"

/** Everything that calls are answered from. */
export interface Services {
  readonly accounts: Accounts
  readonly devices: Devices
  readonly connections: IdentityConnections
  readonly keyPackages: KeyPackages
  readonly delivery: Delivery
  readonly suite: LogSuite
  /** Signs the logs of epochs, and the time. */
  readonly deliveryKey: KeyPair
  readonly notifier: InboxNotifier
  readonly storage: Storage
  readonly clock: ServerClock
  readonly limits: ServerLimits
  readonly observe: Observe
  /** Shown to whoever asks for the server's health. */
  readonly version: string
}

type Served = Handlers<ClientConnection>

/** One function per method of `schemas/proto/qpc/v1`: takes the request apart, asks a service, builds the answer. */
export function makeHandlers(services: Services): Served {
  const startedMs = services.clock.nowMs()
  return {
    ...accountHandlers(services),
    ...deliveryHandlers(services),
    ...keyHandlers(services),
    ...deviceHandlers(services),
    health: async () => ({
      version: services.version,
      nowMs: BigInt(services.clock.unixMs()),
      uptimeMs: BigInt(Math.floor(services.clock.nowMs() - startedMs)),
    }),
    askTime: async ({ nonce }) => tellTime(services, nonce),
  }
}

/** Needs a session, so that strangers cannot have the server sign for them without end. */
function tellTime({ suite, deliveryKey, clock }: Services, nonce: Uint8Array): ResponseInitOf<Methods["askTime"]> {
  if (nonce.length !== TIME_NONCE_BYTES) throw refusal("malformed")
  const nowMs = BigInt(clock.unixMs())
  return { nowMs, signature: signServerTime(suite, deliveryKey.privateKey, { nonce, unixMs: nowMs }) }
}

type AccountMethods = Pick<
  Served,
  "opaqueRegisterStart" | "opaqueRegisterFinish" | "opaqueLoginStart" | "opaqueLoginFinish" | "resumeSession"
>

function accountHandlers({ accounts, deliveryKey: { publicKey: deliveryKey } }: Services): AccountMethods {
  return {
    opaqueRegisterStart: async ({ username, request }, client) => {
      const response = await accounts.startRegistration(username, request)
      client.pendingRegistration = username
      return { response }
    },
    opaqueRegisterFinish: async (request, client) => {
      const started = client.pendingRegistration
      client.pendingRegistration = undefined
      if (started !== request.username) throw refusal("registration_not_started")
      await accounts.finishRegistration(request, client.address)
      return { success: true }
    },
    opaqueLoginStart: async ({ username, request }, client) => {
      const { response, pending } = await accounts.startLogin(username, request, client.address)
      client.pendingLogin = pending
      return { response }
    },
    opaqueLoginFinish: async ({ username, finalization, ...proof }, client) => {
      const pending = client.pendingLogin
      client.pendingLogin = undefined
      if (client.hasSession) throw refusal("session_bound")
      const { session, token, certificate } = await accounts.finishLogin(pending, username, finalization, proof)
      client.bind(session)
      const { expiresAtMs, identityKey } = session
      const answer = { sessionToken: token, expiresAtMs: BigInt(expiresAtMs), identityKey, deliveryKey }
      return { ...answer, deviceCertificate: certificate }
    },
    resumeSession: async ({ sessionToken }, client) => {
      const session = await accounts.resume(sessionToken)
      client.bind(session)
      const { username, identityKey, deviceKey, expiresAtMs } = session
      return { username, identityKey, deviceKey, expiresAtMs: BigInt(expiresAtMs), deliveryKey }
    },
  }
}

type KeyMethods = Pick<Served, "uploadKeyPackage" | "fetchKeyPackage" | "resolveUser" | "resolveIdentity">

function keyHandlers({ accounts, keyPackages }: Services): KeyMethods {
  return {
    uploadKeyPackage: async (request, client) => {
      const suiteId = suiteIdOf(request)
      const upload = {
        packages: request.keyPackages.map(toStocked),
        lastResort: request.lastResort && toStocked(request.lastResort),
        suiteId,
      }
      const { available, lastResort } = await keyPackages.upload(client.session.deviceKey, upload)
      const stock = { available, cipherSuite: suiteId }
      if (lastResort === undefined) return stock
      const { expiresAtMs, uses } = lastResort
      return { ...stock, lastResort: { expiresAtMs: BigInt(expiresAtMs), uses } }
    },
    fetchKeyPackage: async (request, client) => {
      const { deviceKey } = client.session
      const { data, isLastResort } = await keyPackages.fetch(deviceKey, request.identityKey, suiteIdOf(request))
      return { data, lastResort: isLastResort }
    },
    resolveUser: async ({ username }) => ({ identityKey: await accounts.resolveUser(username) }),
    resolveIdentity: async ({ identityKey }) => ({ username: await accounts.resolveIdentity(identityKey) }),
  }
}

/** What the callers of before there were several leave out. */
function suiteIdOf({ cipherSuite }: { readonly cipherSuite: number }): number {
  return cipherSuite === 0 ? FIRST_SUITE : cipherSuite
}

const NOT_REVOKED = new Uint8Array(0)

type DeviceMethods = Pick<Served, "registerDevice" | "listDevices" | "revokeDevice">

function deviceHandlers({ devices, connections }: Services): DeviceMethods {
  return {
    registerDevice: async ({ certificate }, client) => {
      await devices.register(client.session.identityKey, certificate)
      return {}
    },
    listDevices: async ({ identityKey }) => {
      const listed = await devices.list(identityKey)
      return {
        devices: listed.map(({ certificate, registeredAtMs, revocation = NOT_REVOKED }) => {
          return { certificate, registeredAtMs: BigInt(registeredAtMs), revocation }
        }),
      }
    },
    revokeDevice: async ({ revocation }, client) => {
      const { deviceKey } = await devices.revoke(client.session.identityKey, revocation)
      connections.closeAll(toIdentityKey(deviceKey))
      return {}
    },
  }
}

function toStocked({ data, expiresAtMs }: { readonly data: Uint8Array; readonly expiresAtMs: bigint }) {
  return { data, expiresAtMs: toNumber(expiresAtMs) }
}

type DeliveryMethods = Pick<
  Served,
  "enqueue" | "batchEnqueue" | "peek" | "ack" | "subscribe" | "fetchCommits" | "fetchEpochs"
>

function deliveryHandlers(services: Services): DeliveryMethods {
  const { delivery, storage } = services
  return {
    enqueue: (request, client) => enqueueOne(delivery, request, client),
    batchEnqueue: (request, client) => enqueueBatch(delivery, request, client),
    peek: async ({ afterSeq, limit }, client) => {
      const inbox = client.session.deviceKey
      const { envelopes, more } = await delivery.peek(inbox, { afterSeq: toNumber(afterSeq), limit })
      return {
        envelopes: envelopes.map(({ seq, payload, acceptedAtMs }) => ({
          seq: BigInt(seq),
          data: payload,
          acceptedAtMs: BigInt(acceptedAtMs),
        })),
        more,
      }
    },
    ack: async ({ seqUpTo }, client) => {
      const answer = await delivery.acknowledge(client.session.deviceKey, toNumber(seqUpTo))
      return { remaining: BigInt(answer.remaining), commitsLeftOut: BigInt(answer.commitsLeftOut) }
    },
    fetchCommits: async ({ channelId, fromEpoch, limit }, client) => {
      const range = { fromEpoch: toNumber(fromEpoch), limit }
      const { commits, ...page } = await delivery.commits(client.session.deviceKey, channelId, range)
      return {
        commits: commits.map(({ epoch, payload }) => ({ epoch: BigInt(epoch), data: payload })),
        oldestEpoch: BigInt(page.oldestEpoch),
        newestEpoch: BigInt(page.newestEpoch),
      }
    },
    fetchEpochs: async ({ channelIds }, client) => {
      const { epochs, newestSeq, commitsLeftOut } = await delivery.standing(client.session.deviceKey, channelIds)
      return {
        epochs: epochs.map(({ channelId, epoch }) => ({ channelId, epoch: BigInt(epoch) })),
        newestSeq: BigInt(newestSeq),
        commitsLeftOut: BigInt(commitsLeftOut),
      }
    },
    subscribe: async ({ afterSeq }, client) => {
      const newestSeq = await storage.newestSeq(client.session.deviceKey)
      const { notifier, clock, observe, limits } = services
      const { pushWindow: window, pushWindowBytes: windowBytes } = limits
      client.subscribe(toNumber(afterSeq), { storage, notifier, clock, observe, window, windowBytes })
      return { newestSeq: BigInt(newestSeq) }
    },
  }
}

async function enqueueOne(
  delivery: Delivery,
  request: RequestOf<Methods["enqueue"]>,
  client: ClientConnection,
): Promise<ResponseInitOf<Methods["enqueue"]>> {
  const { recipientKey, payload, channelId, messageId, ttlSecs } = request
  const deliveries = [{ recipientKeys: [recipientKey], payload }]
  const outcome = await delivery.enqueue(client.session.deviceKey, { messageId, channelId, deliveries, ttlSecs })
  if (outcome.kind === "epoch_conflict") throw new Error("unreachable: a conflict without a claim")
  if (outcome.firstSeq === undefined || reachedNobody(recipientKey, outcome)) throw refusal("recipient_not_a_member")
  return { seq: BigInt(outcome.firstSeq), duplicate: outcome.duplicate }
}

async function enqueueBatch(
  delivery: Delivery,
  request: RequestOf<Methods["batchEnqueue"]>,
  client: ClientConnection,
): Promise<ResponseInitOf<Methods["batchEnqueue"]>> {
  const outcome = await delivery.enqueue(client.session.deviceKey, request)
  if (outcome.kind === "epoch_conflict") {
    const { currentEpoch, missedCommits, head } = outcome
    const value = { currentEpoch: BigInt(currentEpoch), missedCommits: [...missedCommits] }
    const position = head && { epoch: currentEpoch, head }
    return { outcome: { case: "epochConflict", value: { ...value, ...headOf(position) } } }
  }
  const { duplicate, acceptedAtMs, skipped, position } = outcome
  // Whoever has no room for a commit finds it in the log: its sender has nothing to repeat.
  const full = request.claim === undefined ? outcome.full : []
  const value = { duplicate, acceptedAtMs: BigInt(acceptedAtMs), skippedKeys: [...skipped], fullKeys: [...full] }
  return { outcome: { case: "accepted", value: { ...value, ...headOf(position) } } }
}

function headOf(position: HeadPosition | undefined) {
  if (position === undefined) return {}
  const { hash, signature } = position.head
  return { head: { epoch: BigInt(position.epoch), hash, signature } }
}

/** Numbers beyond 2^53 − 1 cannot have been given out: the largest number stands for all of them. */
function toNumber(value: bigint): number {
  return Number(value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : value)
}
