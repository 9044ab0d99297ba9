import { readDeviceCertificate, verifyDeviceCertificate } from "@qpc/group"
import { methods } from "@qpc/rpc"
import type { RpcClient } from "@qpc/rpc"
import { concatBytes, equalBytes, toUtf8 } from "@qpc/wire"
import { changeIdentity } from "./change-identity.ts"
import { ClientError } from "./client-error.ts"
import { sameName } from "./contacts.ts"
import type { Context } from "./context.ts"
import { asClientError } from "./network-error.ts"
import type { OpaqueClient } from "./opaque.ts"
import type { IdentityRecord } from "./records.ts"

/** What signing up and in takes besides the client's own parts. */
export interface AccountOptions {
  readonly rpc: RpcClient
  readonly opaque: OpaqueClient
  readonly username: string
  readonly password: string
}

/**
 * Makes an identity and registers it (RFC 9807 §5; auth.proto). The key pair is on disk before the server hears of it:
 * if the answer is lost, the next call finds the name taken by our own key and goes on from there.
 *
 * @throws ClientError `already_registered`, `username_taken`, `username_invalid`
 */
export async function register(context: Context, options: AccountOptions, serverAddress: string): Promise<void> {
  const { identity, wasTriedBefore } = await prepareIdentity(context, options.username, { serverAddress })
  try {
    await registerKey(context, identity, options)
  } catch (error) {
    const isTaken =
      error instanceof ClientError && (error.code === "username_taken" || error.code === "already_registered")
    if (!isTaken || !wasTriedBefore) throw error
    // Perhaps by ourselves, with an answer that never came: then logging in proves it.
    await login(context, options).catch((failure: unknown) => {
      throw failure instanceof ClientError && failure.code === "login_refused" ? error : failure
    })
    return
  }
  await login(context, options)
}

async function registerKey(context: Context, identity: IdentityRecord, { rpc, opaque, password }: AccountOptions) {
  const { username, publicKey, privateKey } = identity
  const { state, request } = await opaque.startRegistration(password)
  const { response } = await asClientError(rpc.call(methods.opaqueRegisterStart, { username, request }))
  const upload = await opaque.finishRegistration(password, state, response)
  const identityProof = context.suite.sign(privateKey, proofContent(context, "qpc register v1", username, upload))
  const finish = { username, upload, identityKey: publicKey, identityProof }
  await asClientError(rpc.call(methods.opaqueRegisterFinish, finish))
}

/**
 * Logs in (RFC 9807 §6) on this connection and keeps the session token.
 *
 * @throws ClientError `login_refused`, `identity_missing`, `server_changed`
 */
export async function login(context: Context, { rpc, opaque, username, password }: AccountOptions): Promise<void> {
  const identity = ownIdentity(context, username)
  const { state, request } = await opaque.startLogin(password)
  const name = identity.username
  const { response } = await asClientError(rpc.call(methods.opaqueLoginStart, { username: name, request }))
  const finalization = await opaque.finishLogin(password, state, response)
  if (finalization === undefined) {
    const nextStep = "Check both and try again."
    throw new ClientError("login_refused", "wrong username or password", { nextStep })
  }
  const finish = { username: name, finalization, ...deviceProof(context, identity, finalization) }
  const session = await asClientError(rpc.call(methods.opaqueLoginFinish, finish)).catch((failure: unknown) => {
    // A first device is never approved: to the server its key is that of some device that nobody has registered.
    const isForeign = failure instanceof ClientError && failure.code === "device_not_approved"
    throw isForeign && identity.certificate === undefined ? missing(notOurs(name)) : failure
  })
  const keyChanges = context.deliveryKey.check(session.deliveryKey)
  const record = { token: session.sessionToken, expiresAtMs: Number(session.expiresAtMs) }
  // Devices may have been approved or taken back since we began, so that the record of now is the one to keep.
  const registered = (): IdentityRecord => {
    const present = ownIdentity(context, username)
    if (!equalBytes(present.publicKey, identity.publicKey)) throw missing(notOurs(name))
    return { ...certified(context, present, session), isRegistered: true }
  }
  await changeIdentity(context, registered, [context.profile.putSession(record), ...keyChanges])
  context.deliveryKey.pin(session.deliveryKey)
}

/**
 * Binds an earlier session to a new connection.
 *
 * @throws ClientError `session_expired` if there is none or the server forgot it; `server_changed`
 */
export async function resume(context: Context, rpc: RpcClient): Promise<void> {
  const { profile, self } = context
  const session = await profile.session()
  const identity = self.record
  if (identity === undefined || !identity.isRegistered) {
    throw new ClientError("not_registered", "this profile has no user yet", { nextStep: "Register first." })
  }
  if (session === undefined) throw new ClientError("session_expired", "you are not logged in", { nextStep: "Log in." })
  const { identityKey, deviceKey, deliveryKey } = await asClientError(
    rpc.call(methods.resumeSession, { sessionToken: session.token }),
  )
  const bound = identity.certificate === undefined ? identityKey : deviceKey
  if (!equalBytes(bound, identity.publicKey)) throw missing("the session belongs to another key")
  const changes = context.deliveryKey.check(deliveryKey)
  if (changes.length > 0) await context.turn.takeAlways(() => context.store.commit(changes))
  context.deliveryKey.pin(deliveryKey)
}

/** Makes the key pair of another device, to be approved by the first. @throws ClientError `already_registered` */
export async function prepareLink(context: Context, username: string, serverAddress: string): Promise<void> {
  const { record } = context.self
  if (record?.certificate !== undefined && !record.isRegistered) return
  await prepareIdentity(context, username, { serverAddress, certificate: new Uint8Array(0) })
}

/** auth.proto, OpaqueLoginFinishRequest. */
function deviceProof(context: Context, identity: IdentityRecord, finalization: Uint8Array) {
  const { publicKey, privateKey, username } = identity
  const signed = proofContent(context, "qpc login v1", username, finalization)
  return { deviceKey: publicKey, deviceProof: context.suite.sign(privateKey, signed) }
}

/**
 * Holds the answer to a login against what the profile knows. A new device learns here whose it is: the certificate says that its
 * signer wants it, and people compare who that is.
 */
function certified(
  { suite }: Context,
  identity: IdentityRecord,
  session: { readonly identityKey: Uint8Array; readonly deviceCertificate: Uint8Array },
): IdentityRecord {
  const { username, publicKey, certificate: known } = identity
  if (known === undefined) {
    if (equalBytes(session.identityKey, publicKey)) return identity
    throw missing(notOurs(username))
  }
  const bytes = known.length > 0 ? known : session.deviceCertificate
  const certificate = readDeviceCertificate(bytes)
  const isOurs = certificate !== undefined && equalBytes(certificate.deviceKey, publicKey)
  if (
    isOurs &&
    equalBytes(certificate.identityKey, session.identityKey) &&
    verifyDeviceCertificate(suite, certificate)
  ) {
    return { ...identity, certificate: bytes.slice() }
  }
  throw missing(`the server shows no valid certificate of ${username} for this device`)
}

async function prepareIdentity(
  context: Context,
  username: string,
  about: Pick<IdentityRecord, "serverAddress" | "certificate">,
) {
  const { profile, store, turn, self, suite, random } = context
  return turn.takeAlways(async () => {
    const known = self.record
    if (known?.isRegistered === true) {
      const nextStep = "Log in instead, or choose another profile."
      throw new ClientError("already_registered", `this profile is ${known.username}'s`, { nextStep })
    }
    const name = username.normalize("NFC")
    // Another name is another try with another key: the server may know the first one under the first name.
    const isSame = known !== undefined && sameName(known.username) === sameName(name)
    const keys = isSame ? known : suite.signatureKeyPair(random(suite.sizes.signatureSeedBytes))
    const { publicKey, privateKey } = keys
    const identity: IdentityRecord = { username: name, publicKey, privateKey, ...about, isRegistered: false }
    await store.commit([profile.putIdentity(identity)])
    self.become(identity)
    return { identity, wasTriedBefore: isSame }
  })
}

/** What proves a key in auth.proto. The suite's hash is SHA-256; the client insists on that when it is opened. */
function proofContent({ suite }: Context, label: string, username: string, message: Uint8Array): Uint8Array {
  const zero = Uint8Array.of(0)
  return concatBytes(toUtf8(label), zero, toUtf8(username), zero, suite.hash(message))
}

function ownIdentity({ self }: Context, username: string): IdentityRecord {
  const identity = self.record
  if (identity === undefined) throw missing("this profile holds no user's key")
  if (sameName(identity.username) === sameName(username)) return identity
  throw missing(`this profile is ${identity.username}'s, not ${username}'s`)
}

const notOurs = (username: string): string => `this profile does not hold the key of ${username}`

function missing(what: string): ClientError {
  const nextStep = "Use the profile in which the user was registered, or register a new name here."
  return new ClientError("identity_missing", what, { nextStep })
}
