import { createMember } from "@qpc/group"
import type { RpcClient } from "@qpc/rpc"
import { toGroupId } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import { login, prepareLink, register } from "./account.ts"
import type { Client, ClientOptions, Conversation, DamagedGroup, SyncOptions } from "./api.ts"
import { ClientError, profileClosed } from "./client-error.ts"
import type { Context } from "./context.ts"
import type { Diagnosis } from "./doctor/finding.ts"
import { examine, repair } from "./doctor/repair.ts"
import type { RepairOptions, RepairReport } from "./doctor/repair.ts"
import { GroupConversation } from "./conversation.ts"
import { DamagedConversation, findUsable } from "./damaged-conversation.ts"
import { allDamaged } from "./damaged-groups.ts"
import { approveDevice, linkRequest, ownDevices, removeDevice } from "./devices.ts"
import type { LinkedDevice } from "./devices.ts"
import { topUpKeyPackages } from "./key-packages.ts"
import type { Link } from "./link.ts"
import type { ClientEvent, ConnectionState, Identity, Notice, Person, SyncReport } from "./model.ts"
import { asClientError } from "./network-error.ts"
import { noticeOf } from "./notice.ts"
import type { Call } from "./outbox.ts"
import { resolveUser } from "./resolve.ts"
import { learnTime } from "./server-time.ts"
import { goOn, serverProofs } from "./server-proof.ts"
import type { ServerProof } from "./server-proof.ts"
import { synchronise } from "./synchronise.ts"
import { Transaction } from "./transaction.ts"

const DEFAULT_NOTICES = 50
const GROUP_ID_BYTES = 16

/** The parts of a client, put together by {@link openClient}. */
export class StoredClient implements Client {
  readonly #context: Context
  readonly #link: Link
  readonly #options: ClientOptions
  #closing: Promise<void> | undefined

  constructor(context: Context, link: Link, options: ClientOptions) {
    this.#context = context
    this.#link = link
    this.#options = options
  }

  get connectionState(): ConnectionState {
    return this.#link.state
  }

  get serverKey(): Uint8Array | undefined {
    return this.#context.deliveryKey.pinned?.slice()
  }

  proofs(): readonly ServerProof[] {
    return serverProofs(this.#context)
  }

  goOn(): Promise<void> {
    return goOn(this.#context)
  }

  async register(username: string, password: string): Promise<Identity> {
    const { opaque, serverAddress = "" } = this.#options
    await this.#link.apart(async (rpc) => {
      await register(this.#context, { rpc, opaque, username, password }, serverAddress)
      await this.#getReady(rpc)
    })
    return this.#identity()
  }

  async login(username: string, password: string): Promise<Identity> {
    const { opaque } = this.#options
    await this.#link.apart(async (rpc) => {
      await login(this.#context, { rpc, opaque, username, password })
      await this.#getReady(rpc)
    })
    if (this.#link.state.at === "stopped") this.#link.start()
    return this.#identity()
  }

  async requestLink(username: string): Promise<string> {
    const { serverAddress = "" } = this.#options
    await prepareLink(this.#context, username, serverAddress)
    return linkRequest(this.#context)
  }

  async approveDevice(request: string): Promise<Uint8Array> {
    const deviceKey = await approveDevice(this.#context, this.#link.call, request)
    await this.#link.addOwnDevices()
    return deviceKey
  }

  async devices(): Promise<readonly LinkedDevice[]> {
    return ownDevices(this.#context, this.#link.call)
  }

  async removeDevice(idStart: string): Promise<Uint8Array> {
    try {
      return await removeDevice(this.#context, this.#link.call, idStart)
    } finally {
      this.#link.planDeviceRounds()
    }
  }

  whoami(): Identity | undefined {
    return this.#context.self.identity
  }

  createGroup(name: string): Promise<Conversation> {
    const { suite, random, clock, groups, self, turn } = this.#context
    return turn.take(async () => {
      const surroundings = groups.surroundings(self.keys)
      const groupId = toGroupId(random(GROUP_ID_BYTES))
      const member = createMember({ ...surroundings, ...self.certified, suite, groupId, name, nowMs: clock.unixMs() })
      await Transaction.run(this.#context, "down", async (tx) => {
        tx.touch(member)
        tx.afterwards(() => groups.adopt(member))
        tx.event({ kind: "joined", groupId, name })
      })
      return this.#conversation(groupId)
    })
  }

  conversations(): readonly Conversation[] {
    return this.#context.groups.all().map(({ groupId }) => this.#conversation(groupId))
  }

  damagedGroups(): readonly DamagedGroup[] {
    const onGivenUp = (): void => {
      this.#link.goOnRejoining()
      this.#link.stockUp()
    }
    return allDamaged(this.#context).map(({ groupId, damage }) => {
      const history: Conversation["history"] = (range) => this.#conversation(groupId).history(range)
      return new DamagedConversation({ context: this.#context, groupId, damage, history, onGivenUp })
    })
  }

  conversation(nameOrId: string): Conversation {
    return findUsable(this.conversations(), this.damagedGroups(), nameOrId)
  }

  async sync(options: SyncOptions = {}): Promise<SyncReport> {
    void this.#identity()
    return synchronise(this.#context, this.#link, options)
  }

  connect(): void {
    this.#link.start()
  }

  events(signal: AbortSignal): AsyncIterable<ClientEvent> {
    return this.#context.hub.events(signal)
  }

  async notices(limit: number = DEFAULT_NOTICES): Promise<readonly Notice[]> {
    const rows = await this.#context.profile.notices(limit)
    return rows.map(({ position, record }) => noticeOf(this.#context.contacts, position, record))
  }

  diagnose(): Promise<Diagnosis> {
    return examine(this.#context, this.#link)
  }

  repair(options: RepairOptions = {}): Promise<RepairReport> {
    return repair(this.#context, this.#link, options)
  }

  async contact(username: string): Promise<Person> {
    return this.#context.contacts.pinned(username) ?? resolveUser(this.#context, this.#link.call, username)
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close()
    await this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** What the server needs of us in order that others can invite us. */
  async #getReady(rpc: RpcClient): Promise<void> {
    const call: Call = (method, request) => rpc.call(method, request)
    await learnTime(this.#context, call)
    await asClientError(topUpKeyPackages(this.#context, call))
  }

  /** In the order of the data path: nothing new comes in, what is under way ends, the store is last. */
  async #close(): Promise<void> {
    const { turn, hub, groups, self, store, wakes, rejoining, sweeper } = this.#context
    wakes.close()
    rejoining.close()
    sweeper.close()
    await this.#link.close()
    await turn.close()
    hub.close()
    groups.close()
    self.forget()
    await store.close()
    await this.#options.opaque[Symbol.asyncDispose]()
  }

  #conversation(groupId: GroupId): Conversation {
    return new GroupConversation(this.#context, this.#link.call, groupId)
  }

  #identity(): Identity {
    const identity = this.#context.self.identity
    if (identity !== undefined) return identity
    if (this.#closing !== undefined) throw profileClosed()
    throw new ClientError("not_registered", "this profile has no user yet", { nextStep: "Register first." })
  }
}
