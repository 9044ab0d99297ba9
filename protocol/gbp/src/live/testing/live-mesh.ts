import type { ControlMessage } from "../../control.ts"
import type { LiveStart } from "../initial-state.ts"
import { LiveControl } from "../live-control.ts"
import type { LiveLimits } from "../live-limits.ts"
import type { LiveEvent, LiveStep } from "../live-state.ts"
import { FakeGroup } from "./fake-group.ts"
import type { FakeChange } from "./fake-group.ts"

const NOTHING = new Uint8Array(0)

/** A control message, as somebody might write it. */
export function control(
  senderId: number,
  opcode: number,
  transitionId: number,
  args: Uint8Array = NOTHING,
): ControlMessage {
  return { opcode, requestId: 77, senderId, transitionId, args }
}

/** A commit that the group below would follow, of somebody who drops it. */
export function commitBy(mesh: LiveMesh, by: number, change: FakeChange = { remove: 4 }): Uint8Array {
  const { group } = mesh.at(by)
  const staged = group.stageOwn(change)
  if (staged.kind !== "staged") throw new Error(staged.kind)
  group.clear()
  return staged.commit
}

/** One member of a mesh. */
export interface MeshMember {
  readonly id: number
  readonly group: FakeGroup
  readonly control: LiveControl<FakeChange>
  readonly events: LiveEvent<FakeChange>[]
  wakeAtMs: number | undefined
  /** False for one that is switched off, with all it has in memory: it hears and does nothing, until it is switched on. */
  isOn: boolean
}

/** How bad the network is. */
export interface MeshFaults {
  /** Numbers in [0, 1), one after the other. */
  readonly random: () => number
  readonly loss: number
  readonly delayMs: number
}

/** A network that works. */
export const CALM: MeshFaults = { random: () => 0, loss: 0, delayMs: 0 }
const STEP_MS = 10
const SENT_MAX = 100

/** Members of the live control plane with a network between them, in virtual time. Says at once if a quorum was not one. */
export class LiveMesh {
  readonly members = new Map<number, MeshMember>()
  nowMs = 0
  faults: MeshFaults = CALM
  /** Decides about each frame; for tests that lose a certain one. */
  passes: (to: number, bytes: Uint8Array, from: number) => boolean = () => true
  readonly #limits: Partial<LiveLimits>
  #sent: Uint8Array[] = []
  #underWay: { readonly atMs: number; readonly to: number; readonly bytes: Uint8Array }[] = []

  constructor(limits: Partial<LiveLimits> = {}) {
    this.#limits = limits
    this.#enter(1, FakeGroup.create(1), { kind: "creator" })
  }

  /** A group of these many members, in peace. */
  static of(count: number, limits: Partial<LiveLimits> = {}): LiveMesh {
    const mesh = new LiveMesh(limits)
    for (let id = 2; id <= count; id++) {
      mesh.request(1, { add: id })
      mesh.run(1_000)
    }
    return mesh
  }

  at(id: number): MeshMember {
    return this.members.get(id)!
  }

  request(id: number, change: FakeChange): void {
    const member = this.at(id)
    this.#take(member, member.control.request(change, this.nowMs))
  }

  /** Gives a member a frame, whoever sent it. */
  deliver(to: number, bytes: Uint8Array): void {
    const member = this.members.get(to)
    if (member?.isOn !== true) return
    const opened = member.group.open(bytes)
    if (opened.kind === "ahead") this.#take(member, member.control.behind(this.nowMs))
    if (opened.kind === "other") this.#take(member, member.control.undecryptable(this.nowMs))
    if (opened.kind === "closed") this.#take(member, member.control.tooOld(this.nowMs))
    if (opened.kind === "again") this.#take(member, member.control.receiveAgain(bytes, this.nowMs))
    if (opened.kind === "opened") this.#take(member, member.control.receive({ ...opened, frame: bytes }, this.nowMs))
  }

  /** Lets time go by. */
  run(forMs: number): void {
    const untilMs = this.nowMs + forMs
    for (; this.nowMs < untilMs; this.nowMs += STEP_MS) this.#turn()
  }

  /** The events of one kind that a member told of. */
  told<K extends LiveEvent<FakeChange>["kind"]>(id: number, kind: K): Extract<LiveEvent<FakeChange>, { kind: K }>[] {
    return this.at(id).events.filter(
      (event): event is Extract<LiveEvent<FakeChange>, { kind: K }> => event.kind === kind,
    )
  }

  /** Who is active, in their own roster, waits for nothing, and was not removed by a commit that another of them followed. */
  settled(): number[] {
    const found = [...this.members.values()].filter(({ id, group, control: live }) => {
      return live.endpoint === "active" && live.pendingTransitionId === 0 && group.memberIds.includes(id)
    })
    const removed = new Set(found.flatMap(({ id }) => this.told(id, "epoch_advanced").flatMap(({ left }) => left)))
    return found.map(({ id }) => id).filter((id) => !removed.has(id))
  }

  /** The last message of a kind that a member sent. */
  read(from: number, opcode: number): ControlMessage {
    return FakeGroup.read(this.frame(from, opcode)).message
  }

  /** The last frame with a message of a kind. */
  frame(from: number, opcode: number): Uint8Array {
    const found = this.#sent.findLast((bytes) => {
      const { senderId, message } = FakeGroup.read(bytes)
      return senderId === from && message.opcode === opcode
    })
    if (found === undefined) throw new Error(`${from} did not say ${opcode}`)
    return found
  }

  /** What a frame says. */
  opcodeOf(bytes: Uint8Array): number {
    return FakeGroup.read(bytes).message.opcode
  }

  #turn(): void {
    const due = this.#underWay.filter(({ atMs }) => atMs <= this.nowMs)
    this.#underWay = this.#underWay.filter(({ atMs }) => atMs > this.nowMs)
    for (const { to, bytes } of due) this.deliver(to, bytes)
    for (const member of this.members.values()) {
      const isDue = member.isOn && member.wakeAtMs !== undefined && member.wakeAtMs <= this.nowMs
      if (isDue) this.#take(member, member.control.tick(this.nowMs))
    }
  }

  #enter(id: number, group: FakeGroup, start: LiveStart): void {
    group.onMerge = (merging) => this.#checkQuorum(id, merging)
    const limits = this.#limits
    const live = new LiveControl<FakeChange>({ group, ownId: id, start, nowMs: this.nowMs, limits })
    const member: MeshMember = { id, group, control: live, events: [], wakeAtMs: undefined, isOn: true }
    this.members.set(id, member)
    this.#take(member, live.begin())
  }

  #take(member: MeshMember, { frames, events, wakeAtMs }: LiveStep<FakeChange>): void {
    member.wakeAtMs = wakeAtMs
    member.events.push(...events)
    for (const { to, bytes } of frames) {
      const others = to === "all" ? member.group.memberIds.filter((id) => id !== member.id) : [to]
      for (const one of others) this.#send(member.id, one, bytes)
    }
    for (const event of events) {
      if (event.kind !== "welcome") continue
      const { welcome, transitionId } = event
      for (const id of event.to) {
        const start = { kind: "joiner", coordinatorId: member.id, transitionId } as const
        this.#enter(id, FakeGroup.join(id, welcome), start)
      }
    }
  }

  #send(from: number, to: number, bytes: Uint8Array): void {
    if (this.#sent.at(-1) !== bytes) this.#sent.push(bytes)
    if (this.#sent.length > SENT_MAX) this.#sent.shift()
    const { random, loss, delayMs } = this.faults
    if (!this.passes(to, bytes, from) || random() < loss) return
    this.#underWay.push({ atMs: this.nowMs + STEP_MS + Math.floor(random() * delayMs), to, bytes })
  }

  /** Whoever executes has to have been told by everybody, newcomers included, that they held the same commit; not who is removed by it. */
  #checkQuorum(id: number, merging: FakeGroup): void {
    const next = merging.staged!
    if (next.left.includes(id)) return
    for (const memberId of next.memberIds) {
      if (memberId === id) continue
      const other = this.members.get(memberId)
      const wasReady = other?.group.held.has(next.history) === true
      if (!wasReady) throw new Error(`${id} executes epoch ${next.epoch}, for which ${memberId} is not ready`)
    }
  }
}
