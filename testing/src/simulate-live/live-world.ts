import { suite0001 } from "@qpc/crypto/node"
import { LiveInvitee, LiveMember } from "gbp-stack"
import type { LiveInvitation, LiveMemberEvent, LiveMemberStep } from "gbp-stack"
import { fromUtf8, toHex, toUtf8 } from "@qpc/wire"
import { EventHeap } from "../simulate/event-heap.ts"
import { Prng } from "../simulate/prng.ts"
import { LiveNetwork } from "./live-network.ts"
import { LiveOracle } from "./live-oracle.ts"
import type { Kill, LivePlan } from "./live-plan.ts"

const START_MS = 1_800_000_000_000

/** One member, and the process that it runs in. */
export interface LiveProcess {
  readonly id: number
  member: LiveMember
  /** `paused`: with all it has in memory, for a while. `dead`: for good. */
  state: "running" | "paused" | "dead"
  /** What waits for its moment to stop it. */
  kill: Kill | undefined
  dueMs: number | undefined
}

/** Members of one live group in one process and in virtual time, with a network between them and people behind them. */
export class LiveWorld {
  readonly plan: LivePlan
  readonly oracle = new LiveOracle()
  readonly network: LiveNetwork
  readonly processes = new Map<number, LiveProcess>()
  readonly lines: string[] = []
  readonly events: string[] = []
  readonly #heap = new EventHeap()
  readonly #prng: Prng
  readonly #invitees = new Map<number, LiveInvitee>()
  #texts = 0
  killed = 0
  nowMs = START_MS

  constructor(plan: LivePlan) {
    this.plan = plan
    this.#prng = new Prng(plan.seed, "live world")
    this.network = new LiveNetwork(plan, this.#prng.fork("network"), this.#heap, (to, bytes) => this.deliver(to, bytes))
    const { nowMs } = this
    const about = { ...this.#identity(1), groupId: this.#prng.fork("group").bytes(16), memberId: 1, nowMs }
    this.#enter(LiveMember.create(about))
  }

  /** Calls `happen` in this time. */
  after(waitMs: number, happen: () => void): void {
    this.#heap.add(this.nowMs + waitMs, happen)
  }

  /** Lets everything happen that is due in this time. */
  run(forMs: number): void {
    const untilMs = this.nowMs + forMs
    for (let atMs = this.#heap.nextMs; atMs !== undefined && atMs <= untilMs; atMs = this.#heap.nextMs) {
      this.nowMs = atMs
      this.#heap.take()?.happen()
    }
    this.nowMs = untilMs
  }

  /** Those whose process runs and who are in the group, as far as they know. */
  get active(): LiveProcess[] {
    return [...this.processes.values()].filter(({ state, member }) => state === "running" && isIn(member))
  }

  /** Who may make changes, in their own view. */
  get coordinators(): LiveProcess[] {
    return this.active.filter(({ member }) => member.endpoint === "active" && member.coordinatorId === member.memberId)
  }

  /** Asks somebody new in. */
  invite(by: LiveProcess): void {
    const id = by.member.nextMemberId
    this.#invitees.get(id)?.[Symbol.dispose]()
    const invitee = LiveInvitee.create({ ...this.#identity(id), memberId: id, nowMs: this.nowMs })
    this.#invitees.set(id, invitee)
    this.note(`${by.id} invites ${id}`)
    this.#take(by, by.member.invite(invitee.keyPackage, this.nowMs))
  }

  remove(by: LiveProcess, ids: readonly number[]): void {
    this.note(`${by.id} removes ${ids.join(", ")}`)
    this.#take(by, by.member.remove(ids, this.nowMs))
  }

  leave(process: LiveProcess): void {
    this.note(`${process.id} leaves`)
    this.oracle.removed.add(process.id)
    this.#take(process, process.member.leave(this.nowMs))
    process.state = "dead"
  }

  /** Somebody wants new keys, coordinator or not. */
  renew(process: LiveProcess): void {
    this.note(`${process.id} wants new keys`)
    this.#take(process, process.member.updateKeys(this.nowMs))
  }

  /** Somebody writes a text; what it says. */
  say(process: LiveProcess): string {
    const text = `text ${++this.#texts}`
    this.oracle.said(process.id, text)
    this.#take(process, process.member.send({ streamType: "text", payload: toUtf8(text) }, this.nowMs))
    return text
  }

  deliver(to: number, bytes: Uint8Array): void {
    const process = this.processes.get(to)
    if (process?.state !== "running") return
    if (this.#isKilledBefore(process)) return
    this.#take(process, process.member.receive(bytes, this.nowMs))
  }

  /** A process goes on where it stopped. */
  resume(process: LiveProcess): void {
    if (process.state !== "paused") return
    this.note(`${process.id} is back`)
    process.state = "running"
    this.#take(process, process.member.tick(this.nowMs))
  }

  note(text: string): void {
    this.lines.push(`${this.nowMs - START_MS} ${text}`)
  }

  #identity(id: number) {
    const prng = this.#prng.fork(`member ${id} at ${this.nowMs}`)
    const signatureKeys = suite0001.signatureKeyPair(prng.bytes(suite0001.sizes.signatureSeedBytes))
    const credential = { kind: "basic", identity: toUtf8(`member ${id}`) } as const
    return { suite: suite0001, credential, signatureKeys, random: prng.bytes }
  }

  #enter(member: LiveMember): void {
    const { memberId: id } = member
    const process: LiveProcess = { id, member, state: "running", kill: undefined, dueMs: undefined }
    this.processes.set(id, process)
    this.oracle.entered(member)
    this.#take(process, member.begin(this.nowMs))
  }

  /** Does what came of a step, as far as the process comes. */
  #take(process: LiveProcess, step: LiveMemberStep): void {
    const { id, member } = process
    for (const event of step.events) this.#told(process, event)
    this.oracle.look(member)
    for (const { to, bytes } of step.frames) {
      const others = to === "all" ? member.memberIds.filter((one) => one !== id) : [to]
      for (const one of others) {
        if (this.#isKilledAfter(process)) return
        this.network.send(id, one, bytes, this.nowMs)
      }
    }
    this.#wakeAt(process, step.wakeAtMs)
  }

  #wakeAt(process: LiveProcess, atMs: number | undefined): void {
    const dueMs = atMs === undefined ? undefined : Math.max(atMs, this.nowMs)
    if (dueMs === process.dueMs) return
    process.dueMs = dueMs
    if (dueMs === undefined) return
    this.#heap.add(dueMs, () => {
      if (process.state !== "running" || process.dueMs !== dueMs) return
      process.dueMs = undefined
      this.#take(process, process.member.tick(this.nowMs))
    })
  }

  #told(process: LiveProcess, event: LiveMemberEvent): void {
    const { id, member } = process
    switch (event.kind) {
      case "epoch_advanced": {
        const { transitionId, joined, left } = event
        this.oracle.advanced(member, transitionId, joined, left)
        const epoch = left.includes(id) ? "out" : toHex(member.epochAuthenticator().subarray(0, 4))
        return this.note(`${id} follows ${transitionId}: +[${joined.join()}] -[${left.join()}] ${epoch}`)
      }
      case "welcome":
        for (const to of event.to) this.after(1, () => this.#welcome(to, event))
        return
      case "payload":
        return this.oracle.read(id, event.senderId, fromUtf8(event.received.content.payload) ?? "")
      case "preparation_divided":
        return this.oracle.tell("false_alarm", `${id} takes ${event.coordinatorId} for somebody who divides the group`)
      case "divided":
        return this.oracle.divided(id, event.memberId)
      case "commit_reported":
        return this.oracle.tell("false_alarm", `${event.senderId} reports a commit of ${id}, code ${event.code}`)
      case "change_failed":
        return this.note(`${id} fails with a change, code ${event.code}, silent [${event.silent.join()}]`)
      case "coordinator_changed":
        return this.note(`${id} has coordinator ${event.coordinatorId}`)
      case "must_rejoin":
        return this.note(`${id} must rejoin, code ${event.code}`)
      case "state_changed":
      case "transition_aborted":
      case "change_done":
      case "coordinator_gone":
      case "refused":
      case "nacked":
      case "removed":
      case "leaves":
      case "dropped":
    }
  }

  /** A Welcome arrives. Whoever was not let in by an earlier one of the same key package tries again. */
  #welcome(id: number, invitation: LiveInvitation): void {
    const before = this.processes.get(id)
    const isWaiting = before === undefined || before.member.pendingTransitionId !== 0 || !isIn(before.member)
    if (!isWaiting || before?.state === "dead") return
    const joined = this.#invitees.get(id)?.join(invitation, this.nowMs)
    if (joined?.kind !== "joined") return
    if (before !== undefined) before.member[Symbol.dispose]()
    this.#enter(joined.member)
  }

  #isKilledBefore(process: LiveProcess): boolean {
    const { kill } = process
    if (kill?.at !== "in") return false
    if (kill.count > 0) {
      process.kill = { ...kill, count: kill.count - 1 }
      return false
    }
    this.#stop(process, kill)
    return true
  }

  #isKilledAfter(process: LiveProcess): boolean {
    const { kill } = process
    if (process.state !== "running") return true
    if (kill?.at !== "out") return false
    if (kill.count > 0) {
      process.kill = { ...kill, count: kill.count - 1 }
      return false
    }
    this.#stop(process, kill)
    return true
  }

  #stop(process: LiveProcess, { backAfterMs }: Kill): void {
    this.killed++
    process.kill = undefined
    process.dueMs = undefined
    process.state = backAfterMs === undefined ? "dead" : "paused"
    this.note(`${process.id} is ${process.state}`)
    if (backAfterMs !== undefined) this.after(backAfterMs, () => this.resume(process))
  }
}

/** True for a member that is in the group, as far as it knows. */
function isIn(member: LiveMember): boolean {
  return member.endpoint === "active" || member.endpoint === "resyncing"
}
