import type { CapsuleGroup, CapsuleProfile, Conversation } from "@qpc/sdk"
import { MemoryStore } from "@qpc/sdk"
import type { MemoryStorage, ServerLimits } from "@qpc/server/core"
import { toHex, toUtf8 } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"
import type { ReplayDevice } from "./replay-device.ts"
import type { ReplayWorld } from "./replay-world.ts"
import { Restored, restoredStorage } from "./restored-storage.ts"

/** One group of the capsule, and who plays it. */
export interface GroupStory {
  readonly facts: CapsuleGroup
  /** Its name in the replay. */
  readonly name: string
  groupId: GroupId
  /** All but us, the one who changes the group without us first. */
  readonly others: readonly ReplayDevice[]
}

/** What a history is played with: ourselves, the others, the server, and what the capsule says of all of them. */
export class History {
  readonly world: ReplayWorld
  readonly profile: CapsuleProfile
  readonly me: ReplayDevice
  readonly restored = new Restored()
  stories: readonly GroupStory[] = []

  constructor(world: ReplayWorld, profile: CapsuleProfile) {
    this.world = world
    this.profile = profile
    this.me = world.device("me")
  }

  /** Starts the server with other settings. Its disk is as it is, but for what was put back. */
  async serve(limits: Partial<ServerLimits> = {}): Promise<void> {
    const { world, restored, me } = this
    const { server } = world
    const storage = restored.isWhole ? server.storage : restoredStorage(server.storage, restored, me.key)
    await world.during(server.start(limits, storage), "the server starts")
  }

  /** Somebody's program is started, connected, and closed again when `action` is done. */
  async online<T>(who: ReplayDevice, action: () => Promise<T>): Promise<T> {
    await this.connect(who)
    const result = await action()
    await this.settle(who)
    await this.world.during(who.close(), `${who.name} closes`)
    return result
  }

  async connect(who: ReplayDevice): Promise<void> {
    await this.world.during(who.open(), `${who.name} opens`)
    await this.settle(who)
  }

  /** Everything that the server has is taken in, and what it takes is handed over. */
  async settle(who: ReplayDevice): Promise<void> {
    await this.world.during(who.client.sync({ waitMs: 10_000 }), `${who.name} synchronises`)
  }

  /** Makes a change and waits until it has come back. */
  async change(
    who: ReplayDevice,
    { groupId }: GroupStory,
    make: (group: Conversation) => Promise<{ readonly id: string }>,
  ) {
    const group = who.client.conversation(toHex(groupId))
    const { id } = await this.world.during(make(group), `${who.name} wants a change`)
    await this.world.during(group.waitAccepted(id), `a change of ${who.name} is accepted`)
  }

  /** How far the server is in a group. */
  async serverEpoch({ groupId }: GroupStory, storage: MemoryStorage = this.world.server.storage): Promise<number> {
    const { epochs } = await storage.standing(this.me.key, [groupId])
    return epochs[0]?.epoch ?? -1
  }

  /** The inbox number up to which everything is on our disk. */
  async cursorSeq(): Promise<number> {
    const record = await new MemoryStore(this.me.disk).get("settings", toUtf8("cursor"))
    if (record === undefined) return 0
    // The sdk's record of a counter: version u8 · value u64.
    return Number(new DataView(record.buffer, record.byteOffset).getBigUint64(1))
  }
}

/** Every number below 9 stands for itself; a larger level for all numbers up to the next: one from the middle is the safest. */
export const numberFor = (level: number): number => (level <= 8 ? level : Math.round(level * 1.25))
