import { createHash } from "node:crypto"
import type { CipherSuite } from "@qpc/crypto"
import {
  concatBytes,
  DEVICE_KEY_BYTES,
  equalBytes,
  IDENTITY_KEY_BYTES,
  toDeviceKey,
  toIdentityKey,
  toUtf8,
} from "@qpc/wire"
import type { IdentityKey, Random } from "@qpc/wire"
import type { ServerClock } from "../clock.ts"
import { refusal } from "../refusal.ts"
import type { ServerLimits } from "../server-limits.ts"
import { SlidingWindow } from "../sliding-window.ts"
import type { Account, Device, Storage } from "../storage/storage.ts"
import { LoginAttempts } from "./login-attempts.ts"
import type { LoginState, OpaqueServer } from "./opaque-server.ts"
import { isUsername, usernameKey } from "./username.ts"

/** A login between its two round trips; kept on its connection. */
export interface PendingLogin {
  readonly username: string
  readonly address: string
  readonly account: Account | undefined
  readonly state: LoginState
  readonly startedMs: number
}

/** Who a connection speaks for. */
export interface BoundSession {
  readonly identityKey: IdentityKey
  /** Of the device: names its inbox and its stock. The identity key for a person's first. */
  readonly deviceKey: IdentityKey
  readonly username: string
  readonly expiresAtMs: number
}

/** What `Accounts` is made of. */
export interface AccountsOptions {
  readonly storage: Storage
  readonly opaque: OpaqueServer
  readonly suite: Pick<CipherSuite, "verify">
  readonly clock: ServerClock
  readonly random: Random
  readonly limits: ServerLimits
  /** False refuses new accounts with `registration_closed`. */
  readonly isRegistrationOpen: boolean
}

/** How a device says which it is: the key and a signature with it. The key of a person's first is their identity key. */
export interface DeviceProof {
  readonly deviceKey: Uint8Array
  readonly deviceProof: Uint8Array
}

const NO_BYTES = new Uint8Array(0)
const TOKEN_BYTES = 32
/** A login that takes longer between its round trips was abandoned. */
const LOGIN_FINISH_MS = 120_000

/** Who may speak for which identity: registration, login, sessions. Refusals are thrown as `RpcError`. */
export class Accounts {
  readonly #options: AccountsOptions
  readonly #logins: LoginAttempts
  readonly #registrations: SlidingWindow

  constructor(options: AccountsOptions) {
    this.#options = options
    const { limits, clock } = options
    const bounds = { keysLimit: limits.rateKeys, nowMs: () => clock.nowMs() }
    this.#logins = new LoginAttempts(limits, bounds.nowMs)
    this.#registrations = new SlidingWindow(limits.registrationsFromAddress, bounds)
  }

  /** The first round trip of a registration. A taken name is told at once: it could be seen at the end anyway. */
  async startRegistration(username: string, request: Uint8Array): Promise<Uint8Array> {
    this.#checkOpen(username)
    const { storage, opaque } = this.#options
    if (await storage.accountByUsernameKey(usernameKey(username))) throw refusal("username_taken")
    const response = opaque.answerRegistration(usernameKey(username), request)
    if (!response) throw refusal("malformed")
    return response
  }

  /** Makes the account, durable when this resolves. */
  async finishRegistration(
    registration: {
      readonly username: string
      readonly upload: Uint8Array
      readonly identityKey: Uint8Array
      readonly identityProof: Uint8Array
    },
    address: string,
  ): Promise<void> {
    const { username, upload, identityKey, identityProof } = registration
    const { storage, opaque, suite, clock } = this.#options
    this.#checkOpen(username)
    if (identityKey.length !== IDENTITY_KEY_BYTES || !opaque.isRegistrationRecord(upload)) throw refusal("malformed")
    if (!suite.verify(identityKey, proven("qpc register v1", username, upload), identityProof))
      throw refusal("proof_invalid")
    const admission = this.#registrations.take(address)
    if (!admission.admitted) throw refusal("registration_rate_limited", admission)
    const outcome = await storage.createAccount({
      username,
      usernameKey: usernameKey(username),
      identityKey: toIdentityKey(identityKey),
      opaqueRecord: upload,
      createdAtMs: clock.unixMs(),
    })
    if (outcome !== "created") throw refusal(outcome)
  }

  /**
   * The first round trip of a login. Unknown users are answered like known ones.
   *
   * It is counted as a failed attempt until it completes: with OPAQUE a wrong password is seen by the client after this
   * step, and a guesser would not come back to tell.
   */
  async startLogin(
    username: string,
    request: Uint8Array,
    address: string,
  ): Promise<{ readonly response: Uint8Array; readonly pending: PendingLogin }> {
    const { storage, opaque, clock } = this.#options
    if (!isUsername(username)) throw refusal("login_refused")
    const key = usernameKey(username)
    const admission = this.#logins.take(key, address)
    if (!admission.admitted) throw refusal("login_rate_limited", admission)
    const account = await storage.accountByUsernameKey(key)
    const answer = opaque.answerLogin(key, account?.opaqueRecord, request)
    if (!answer) throw refusal("malformed")
    const pending = { username, address, account, state: answer.state, startedMs: clock.nowMs() }
    return { response: answer.response, pending }
  }

  /** Ends a login: one reason for every failure up to the right password, then those of the device. */
  async finishLogin(
    pending: PendingLogin | undefined,
    username: string,
    finalization: Uint8Array,
    proof: DeviceProof,
  ): Promise<{ readonly session: BoundSession; readonly token: Uint8Array; readonly certificate: Uint8Array }> {
    const { storage, opaque, clock, random, limits } = this.#options
    if (!pending || pending.username !== username) throw refusal("login_refused")
    if (clock.nowMs() - pending.startedMs > LOGIN_FINISH_MS) throw refusal("login_refused")
    const isProven = opaque.finishLogin(pending.state, finalization)
    const { account } = pending
    if (!isProven || !account) throw refusal("login_refused")
    this.#logins.succeeded(account.usernameKey, pending.address)
    const device = await this.#device(account, proven("qpc login v1", username, finalization), proof)
    const token = random(TOKEN_BYTES)
    const createdAtMs = clock.unixMs()
    const expiresAtMs = createdAtMs + limits.sessionLifetimeMs
    const { identityKey } = account
    const deviceKey = device === undefined ? identityKey : toIdentityKey(device.deviceKey)
    const session = { tokenHash: hashOf(token), identityKey: deviceKey, createdAtMs, expiresAtMs }
    const outcome = await storage.createSession(session, limits.sessionsPerIdentity)
    if (outcome !== "created") throw refusal(outcome)
    const bound = { identityKey, deviceKey, username: account.username, expiresAtMs }
    return { session: bound, token, certificate: device?.certificate ?? NO_BYTES }
  }

  /**
   * The device that logs in; `undefined` for the person's first. Each proves its key: a password alone, which every device of the
   * person has had, must not open the inbox of another one.
   */
  async #device(account: Account, signed: Uint8Array, proof: DeviceProof): Promise<Device | undefined> {
    const { storage, suite } = this.#options
    const { deviceKey, deviceProof } = proof
    if (deviceKey.length !== DEVICE_KEY_BYTES) throw refusal("malformed")
    if (!suite.verify(deviceKey, signed, deviceProof)) throw refusal("proof_invalid")
    if (equalBytes(deviceKey, account.identityKey)) return undefined
    const device = await storage.device(toDeviceKey(deviceKey))
    if (device === undefined || !equalBytes(device.identityKey, account.identityKey)) throw refusal("device_unknown")
    if (device.revocation !== undefined) throw refusal("device_revoked")
    return device
  }

  /** Finds an earlier session by its token. */
  async resume(token: Uint8Array): Promise<BoundSession> {
    const { storage, clock } = this.#options
    const session = token.length === TOKEN_BYTES ? await storage.session(hashOf(token), clock.unixMs()) : undefined
    if (!session) throw refusal("session_unknown")
    const { identityKey: deviceKey, expiresAtMs } = session
    const device = await storage.device(toDeviceKey(deviceKey))
    if (device?.revocation !== undefined) throw refusal("session_unknown")
    const account = await storage.accountByIdentity(device?.identityKey ?? deviceKey)
    if (!account) throw refusal("session_unknown")
    return { identityKey: account.identityKey, deviceKey, username: account.username, expiresAtMs }
  }

  /** The identity behind a name. */
  async resolveUser(username: string): Promise<IdentityKey> {
    const account = isUsername(username)
      ? await this.#options.storage.accountByUsernameKey(usernameKey(username))
      : undefined
    if (!account) throw refusal("user_unknown")
    return account.identityKey
  }

  /** The name behind an identity. */
  async resolveIdentity(identityKey: Uint8Array): Promise<string> {
    if (identityKey.length !== IDENTITY_KEY_BYTES) throw refusal("malformed")
    const account = await this.#options.storage.accountByIdentity(toIdentityKey(identityKey))
    if (!account) throw refusal("user_unknown")
    return account.username
  }

  #checkOpen(username: string): void {
    if (!this.#options.isRegistrationOpen) throw refusal("registration_closed")
    if (!isUsername(username)) throw refusal("username_invalid")
  }
}

/** What a key signs to prove that whoever names it has it (schemas/proto/qpc/v1/auth.proto, 101 and 103). */
function proven(label: string, username: string, message: Uint8Array): Uint8Array {
  const zero = Uint8Array.of(0)
  return concatBytes(toUtf8(label), zero, toUtf8(username), zero, hashOf(message))
}

const hashOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest())
