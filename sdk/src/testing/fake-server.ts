import { suite0001 } from "@qpc/crypto/node"
import { readDeviceCertificate, readDeviceRevocation } from "@qpc/group"
import { events, RpcError, serveRpc } from "@qpc/rpc"
import type { Handlers, MethodName, Methods, RequestOf, RpcErrorCode, RpcServerConnection } from "@qpc/rpc"
import { memoryPair } from "@qpc/transport"
import type { Dial, MemoryPair } from "@qpc/transport"
import { TransportError } from "@qpc/transport"
import { concatBytes, toHex, toUtf8 } from "@qpc/wire"
import { emptyAccount, stockOf } from "./fake-account.ts"
import type { Account } from "./fake-account.ts"

interface Channel {
  epoch: bigint
  members: readonly string[]
  /** Accepted commits, oldest first. */
  log: { readonly epoch: bigint; readonly data: Uint8Array }[]
}

interface Session {
  readonly connection: () => RpcServerConnection
  account: Account | undefined
  /** Pushes go to sequence numbers above this; undefined before Subscribe. */
  subscribedFrom: bigint | undefined
}

type Batch = RequestOf<Methods["batchEnqueue"]>
type Outcome = Awaited<ReturnType<Handlers<Session>["batchEnqueue"]>>

/** What a test lets happen to a call: nothing, a cut cable, or a refusal. */
export type Fault = "cut" | RpcError | undefined

/**
 * A delivery service in memory that keeps the promises of delivery.proto: numbered inboxes, idempotent batches, one
 * commit per epoch. Its OPAQUE is {@link fakeOpaque}'s. A test may break any call before or after it was carried out.
 */
export class FakeServer {
  readonly accounts = new Map<string, Account>()
  readonly channels = new Map<string, Channel>()
  /** Methods in the order of their arrival. */
  readonly calls: MethodName[] = []
  /** Asked before a call is carried out. */
  before: (method: MethodName) => Fault = () => undefined
  /** Asked afterwards: the answer is lost on "cut". */
  after: (method: MethodName) => Fault = () => undefined
  /** Asked in the place of the honest handler; `undefined` lets that one answer. */
  answerInstead: (method: MethodName) => object | undefined = () => undefined
  isUp = true
  /** False for a server of before there were stocks of several suites. */
  keepsSuites = false
  /** How far ahead a key package may expire. */
  latestExpiryMs = Infinity
  /** What its clock says; 0 for nothing. */
  nowMs: () => number = () => 0
  /** What it tells of its key; it signs nothing, so that nobody who knows it follows a commit. */
  deliveryKey = new Uint8Array(0)
  /** Who has no room in their inbox. */
  readonly full = new Set<string>()
  /** Everything that was put into the inbox of each name, read or not. */
  readonly delivered = new Map<string, Uint8Array[]>()
  /** Mistakes of the fake itself. */
  readonly faults: unknown[] = []
  readonly #batches = new Map<string, Outcome>()
  readonly #tokens = new Map<string, Account>()
  readonly #sessions = new Set<Session>()
  readonly #cables = new Set<MemoryPair>()

  readonly dial: Dial = async () => {
    if (!this.isUp) throw new TransportError("unreachable", "nobody answers")
    const cable = memoryPair()
    this.#cables.add(cable)
    const session: Session = { connection: () => served, account: undefined, subscribedFrom: undefined }
    const served = serveRpc(cable.far, {
      handlers: this.#faulty(cable),
      context: session,
      onFault: ({ error }) => void this.faults.push(error),
    })
    this.#sessions.add(session)
    void served.closed.then(() => this.#sessions.delete(session))
    return cable.near
  }

  /** Every connection breaks. */
  cut(): void {
    for (const cable of this.#cables) cable.cut()
    this.#cables.clear()
  }

  account(username: string): Account {
    const account = this.accounts.get(username)
    if (account === undefined) throw new Error(`no account ${username}`)
    return account
  }

  /** Forgets every login. */
  forgetSessions(): void {
    this.#tokens.clear()
  }

  /** Puts anything into an inbox. */
  deliver(username: string, data: Uint8Array): void {
    const account = this.account(username)
    account.newestSeq += 1n
    this.delivered.set(username, [...(this.delivered.get(username) ?? []), data])
    account.inbox.push({ seq: account.newestSeq, data })
    for (const session of this.#sessions) if (session.account === account) this.#push(session)
  }

  #faulty(cable: MemoryPair): Handlers<Session> {
    const handlers = this.#handlers() as unknown as Record<
      string,
      (request: never, session: Session) => Promise<object>
    >
    const wrapped = Object.entries(handlers).map(([name, handler]) => {
      const faulty = async (request: never, session: Session): Promise<object> => {
        this.calls.push(name as MethodName)
        const fail = (fault: Fault): void => {
          if (fault === "cut") {
            this.#cables.delete(cable)
            cable.cut()
          }
          if (fault instanceof RpcError) throw fault
        }
        fail(this.before(name as MethodName))
        if (!this.#cables.has(cable)) refuse("unavailable", "cut")
        const answer = this.answerInstead(name as MethodName) ?? (await handler(request, session))
        fail(this.after(name as MethodName))
        return answer
      }
      return [name, faulty]
    })
    return Object.fromEntries(wrapped)
  }

  #handlers(): Handlers<Session> {
    return {
      ...this.#accountHandlers(),
      ...this.#keyHandlers(),
      ...this.#deviceHandlers(),
      ...this.#deliveryHandlers(),
    }
  }

  #accountHandlers() {
    return {
      opaqueRegisterStart: async ({ username }) => {
        if (this.accounts.has(username)) refuse("already_exists", "username_taken")
        return { response: new Uint8Array(1) }
      },
      opaqueRegisterFinish: async ({ username, upload, identityKey }) => {
        this.accounts.set(username, emptyAccount({ username, upload, identityKey }))
        return { success: true }
      },
      opaqueLoginStart: async ({ username }) => ({
        response: this.accounts.get(username)?.upload ?? new Uint8Array(1),
      }),
      opaqueLoginFinish: async ({ username, finalization, deviceKey, deviceProof }, session) => {
        const account = this.#byKey(deviceKey)
        const zero = Uint8Array.of(0)
        const hash = suite0001.hash(finalization)
        const proven = concatBytes(toUtf8("qpc login v1"), zero, toUtf8(username), zero, hash)
        if (!suite0001.verify(deviceKey, proven, deviceProof)) refuse("permission_denied", "proof_invalid")
        const isOwn = account !== undefined && (account.device?.owner ?? account) === this.account(username)
        if (!isOwn) refuse("not_found", "device_unknown")
        if (account.device?.revocation !== undefined) refuse("permission_denied", "device_revoked")
        session.account = account
        const token = crypto.getRandomValues(new Uint8Array(32))
        this.#tokens.set(toHex(token), account)
        const { identityKey } = account.device?.owner ?? account
        const shown = account.device && { deviceCertificate: account.device.certificate }
        return { sessionToken: token, expiresAtMs: 2n ** 40n, identityKey, ...shown, deliveryKey: this.deliveryKey }
      },
      resumeSession: async ({ sessionToken }, session) => {
        const account = this.#tokens.get(toHex(sessionToken))
        if (account === undefined) refuse("unauthenticated", "session_unknown")
        if (account.device?.revocation !== undefined) refuse("unauthenticated", "session_unknown")
        session.account = account
        const { username, identityKey } = account.device?.owner ?? account
        const { deliveryKey } = this
        return { username, identityKey, deviceKey: account.identityKey, expiresAtMs: 2n ** 40n, deliveryKey }
      },
    } satisfies Partial<Handlers<Session>>
  }

  #keyHandlers() {
    return {
      uploadKeyPackage: async ({ keyPackages, lastResort, cipherSuite }, session) => {
        const stock = this.keepsSuites ? stockOf(session.account!, cipherSuite) : session.account!
        for (const { expiresAtMs } of [...keyPackages, ...(lastResort === undefined ? [] : [lastResort])]) {
          if (Number(expiresAtMs) > this.latestExpiryMs) refuse("invalid_argument", "key_package_invalid")
        }
        stock.keyPackages.push(...keyPackages.map(({ data }) => data))
        if (lastResort !== undefined) stock.lastResort = { ...lastResort, uses: 0 }
        const { lastResort: kept } = stock
        const about = { available: stock.keyPackages.length, ...(kept && { lastResort: kept }) }
        return this.keepsSuites ? { ...about, cipherSuite } : about
      },
      fetchKeyPackage: async ({ identityKey, cipherSuite }) => {
        const account = this.#byKey(identityKey)
        if (account?.device?.revocation !== undefined) refuse("failed_precondition", "key_packages_exhausted")
        const stock = account && this.keepsSuites ? stockOf(account, cipherSuite) : account
        const data = stock?.keyPackages.shift()
        if (data !== undefined) return { data }
        if (stock?.lastResort === undefined) refuse("failed_precondition", "key_packages_exhausted")
        stock.lastResort.uses += 1
        return { data: stock.lastResort.data, lastResort: true }
      },
      resolveUser: async ({ username }) => {
        const account = this.accounts.get(username)
        if (account === undefined) refuse("not_found", "user_unknown")
        return { identityKey: account.identityKey }
      },
      resolveIdentity: async ({ identityKey }) => {
        const account = this.#byKey(identityKey)
        if (account === undefined) refuse("not_found", "user_unknown")
        return { username: account.username }
      },
    } satisfies Partial<Handlers<Session>>
  }

  #deviceHandlers() {
    return {
      registerDevice: async ({ certificate }, { account: owner }) => {
        const { deviceKey } = readDeviceCertificate(certificate)!
        const known = this.#byKey(deviceKey)
        if (known?.device?.revocation !== undefined) refuse("permission_denied", "device_revoked")
        const username = `${owner!.username}/${toHex(deviceKey).slice(0, 8)}`
        const upload = new Uint8Array(0)
        const device = { owner: owner!, certificate }
        const account = { ...emptyAccount({ username, upload, identityKey: deviceKey }), device }
        if (known === undefined) this.accounts.set(username, account)
        return {}
      },
      listDevices: async ({ identityKey }) => {
        const owner = this.#byKey(identityKey)
        const devices = [...this.accounts.values()].flatMap(({ device }) => {
          if (device === undefined || device.owner !== owner) return []
          const { certificate, revocation } = device
          return [{ certificate, registeredAtMs: 0n, ...(revocation && { revocation }) }]
        })
        return { devices }
      },
      revokeDevice: async ({ revocation }) => {
        const account = this.#byKey(readDeviceRevocation(revocation)!.deviceKey)
        if (account?.device === undefined) refuse("not_found", "device_unknown")
        account.device.revocation ??= revocation
        return {}
      },
    } satisfies Partial<Handlers<Session>>
  }

  #deliveryHandlers() {
    return {
      peek: async ({ afterSeq, limit }, { account }) => {
        const waiting = account!.inbox.filter(({ seq }) => seq > afterSeq)
        const envelopes = waiting.slice(0, limit).map(({ seq, data }) => ({ seq, data, acceptedAtMs: 0n }))
        return { envelopes, more: waiting.length > limit }
      },
      ack: async ({ seqUpTo }, { account }) => {
        while (account!.inbox[0] !== undefined && account!.inbox[0].seq <= seqUpTo) account!.inbox.shift()
        return { remaining: BigInt(account!.inbox.length), commitsLeftOut: account!.commitsLeftOut }
      },
      fetchCommits: async ({ channelId, fromEpoch, limit }, { account }) => {
        const { log, epoch } = this.#channelOf(channelId, account!) ?? refuse("permission_denied", "not_a_member")
        const commits = log.filter((commit) => commit.epoch >= fromEpoch).slice(0, limit)
        return { commits, oldestEpoch: log[0]?.epoch ?? epoch, newestEpoch: epoch }
      },
      fetchEpochs: async ({ channelIds }, { account }) => {
        const epochs = channelIds.flatMap((channelId) => {
          const channel = this.#channelOf(channelId, account!)
          return channel === undefined ? [] : [{ channelId, epoch: channel.epoch }]
        })
        const { newestSeq, commitsLeftOut } = account!
        return { epochs, newestSeq, commitsLeftOut }
      },
      subscribe: async ({ afterSeq }, session) => {
        session.subscribedFrom = afterSeq
        this.#push(session)
        return { newestSeq: session.account!.newestSeq }
      },
      batchEnqueue: async (batch, { account }) => this.#enqueue(batch, toHex(account!.identityKey)),
      enqueue: async () => refuse("unimplemented", "unimplemented"),
      askTime: async () => refuse("unimplemented", "unimplemented"),
      health: async () => ({ version: "fake", nowMs: BigInt(this.nowMs()), uptimeMs: 0n }),
    } satisfies Partial<Handlers<Session>>
  }

  #enqueue(batch: Batch, sender: string): Outcome {
    const id = sender + toHex(batch.messageId)
    const known = this.#batches.get(id)
    if (known?.outcome?.case === "accepted") {
      const waiting = new Set((known.outcome.value.fullKeys ?? []).map(toHex))
      const again = { ...known.outcome.value, duplicate: true, fullKeys: this.#fill(batch, (key) => waiting.has(key)) }
      const outcome: Outcome = { outcome: { case: "accepted", value: again } }
      this.#batches.set(id, outcome)
      return outcome
    }
    const name = toHex(batch.channelId)
    const channel = this.channels.get(name)
    const { claim } = batch
    if (channel !== undefined && !channel.members.includes(sender)) {
      refuse("permission_denied", "not_a_member")
    }
    if (claim === undefined && channel === undefined) refuse("permission_denied", "not_a_member")
    const { readableUntilEpoch } = batch
    const isPassed = readableUntilEpoch !== undefined && channel !== undefined && channel.epoch > readableUntilEpoch
    if (claim === undefined && isPassed) refuse("failed_precondition", "epoch_passed")
    if (claim !== undefined && channel !== undefined && claim.epoch !== channel.epoch) {
      return { outcome: { case: "epochConflict", value: { currentEpoch: channel.epoch, missedCommits: [] } } }
    }
    if (claim !== undefined) {
      if (batch.deliveries.slice(1).some(({ recipientKeys }) => recipientKeys.some((key) => this.#isFull(key)))) {
        refuse("resource_exhausted", "inbox_full")
      }
      const log = [...(channel?.log ?? []), { epoch: claim.epoch, data: batch.deliveries[0]!.payload }]
      this.channels.set(name, { epoch: claim.epoch + 1n, members: claim.membersAfter.map(toHex), log })
    }
    const fullKeys = this.#fill(batch, () => true)
    if (claim !== undefined) for (const key of fullKeys) this.#byKey(key)!.commitsLeftOut += 1n
    const outcome: Outcome = {
      outcome: { case: "accepted", value: { duplicate: false, acceptedAtMs: 0n, skippedKeys: [], fullKeys } },
    }
    this.#batches.set(id, outcome)
    return outcome
  }

  /** Puts a batch into the inboxes of those who are meant. @returns who has no room */
  #fill({ deliveries }: Batch, isMeant: (key: string) => boolean): Uint8Array[] {
    const fullKeys: Uint8Array[] = []
    for (const { recipientKeys, payload } of deliveries) {
      for (const key of recipientKeys.filter((one) => isMeant(toHex(one)))) {
        const recipient = this.#byKey(key)
        if (recipient === undefined) continue
        if (this.full.has(recipient.username)) fullKeys.push(key)
        else this.deliver(recipient.username, payload)
      }
    }
    return fullKeys
  }

  #push(session: Session): void {
    const { account, subscribedFrom } = session
    if (account === undefined || subscribedFrom === undefined) return
    for (const { seq, data } of account.inbox) {
      if (seq <= session.subscribedFrom!) continue
      session.subscribedFrom = seq
      const pushed = session.connection().push(events.envelopePushed, { envelope: { seq, data, acceptedAtMs: 0n } })
      pushed.catch((error: unknown) => {
        if (!(error instanceof RpcError)) throw error // A cut cable loses pushes; that is what it is cut for.
      })
    }
  }

  #channelOf(channelId: Uint8Array, { identityKey }: Account): Channel | undefined {
    const channel = this.channels.get(toHex(channelId))
    return channel?.members.includes(toHex(identityKey)) === true ? channel : undefined
  }

  #isFull(identityKey: Uint8Array): boolean {
    return this.full.has(this.#byKey(identityKey)?.username ?? "")
  }

  #byKey(identityKey: Uint8Array): Account | undefined {
    return [...this.accounts.values()].find((account) => toHex(account.identityKey) === toHex(identityKey))
  }
}

function refuse(code: RpcErrorCode, reason: string): never {
  throw new RpcError(code, reason, "refused by the fake")
}
