import { ControlOpcode, NONCE_REUSE_RISK } from "gbp-stack"
import { describe, expect, it } from "vitest"
import { Coordinator } from "./coordinator.ts"
import type { Admission } from "./coordinator.ts"
import { GroupSession } from "./group-session.ts"
import type { Reaction } from "./group-session.ts"
import type { Told } from "./told.ts"

/** A founder with its coordinator and guests, and a wire that carries each frame to everybody else at once. */
class Room {
  nowMs = 0
  readonly founder = new GroupSession({ name: "ann", memberId: 1, now: () => this.nowMs })
  readonly coordinator = new Coordinator(this.founder)
  readonly guests = new Map<string, { session: GroupSession; leafIndex: number }>()
  readonly told: string[] = []

  constructor() {
    this.note("ann", this.founder.found())
  }

  enter(name: string, memberId: number): void {
    const session = new GroupSession({ name, memberId, now: () => this.nowMs })
    let admission: Admission | { refused: string } | undefined
    const keyPackage = session.mls.exportKeyPackage()
    const step = this.coordinator.add({ keyPackage, isGone: () => false, settled: (settled) => (admission = settled) })
    this.spread("ann", step)
    if (admission === undefined || "refused" in admission) throw new Error(admission?.refused ?? "not let in")
    this.guests.set(name, { session, leafIndex: admission.leafIndex })
    this.note(name, session.join(admission.welcome, admission.transitionId))
  }

  say(name: string, text: string): void {
    const session = name === "ann" ? this.founder : this.guests.get(name)!.session
    this.spread(name, { frames: [session.say(text)], told: [] })
  }

  spread(from: string, { frames, told }: Reaction): void {
    this.note(from, { frames, told })
    for (const frame of frames) {
      for (const [name, { session }] of this.guests) if (name !== from) this.spread(name, session.receive(frame))
      if (from === "ann") continue
      this.spread("ann", this.founder.receive(frame))
      this.spread("ann", this.coordinator.step())
    }
  }

  get memberIds(): (number | undefined)[] {
    return this.founder.people().map(({ memberId }) => memberId)
  }

  /** The time for getting ready is over for the change under way. */
  isLate(): void {
    this.nowMs += 5_000
    expect(this.founder.tick().told).toMatchObject([{ event: "refused", code: "0x0010" }])
    this.spread("ann", this.coordinator.abort().reaction)
    this.spread("ann", this.coordinator.step())
  }

  note(name: string, { told }: Reaction): void {
    this.told.push(...told.map((one) => `${name}: ${words(one)}`))
  }
}

function words(told: Told): string {
  if (told.event === "text") return `${told.from.name} ${told.from.memberId} says ${told.text}`
  if (told.event === "members") return `epoch ${told.epoch} ${told.members.map(({ memberId }) => memberId).join(",")}`
  if (told.event === "signal") return `${told.from.name} ${told.from.memberId} signals ${told.signal.type}`
  return told.event === "removed" ? "removed" : `${told.event} ${told.reason}`
}

describe("sessions of a group", () => {
  it("come in one by one, read each other, and are removed", () => {
    const room = new Room()
    room.enter("bob", 2)
    room.enter("cat", 3)
    room.say("bob", "hello")
    room.say("ann", "welcome")
    room.spread("ann", room.coordinator.remove(room.guests.get("bob")!.leafIndex))
    room.guests.delete("bob")
    room.say("cat", "is he gone?")
    expect(room.told).toEqual([
      "ann: epoch 1 1,2",
      "ann: epoch 2 1,2,3",
      "bob: epoch 2 1,2,3",
      "cat: bob 2 says hello",
      "ann: bob 2 says hello",
      "bob: ann 1 says welcome",
      "cat: ann 1 says welcome",
      "ann: epoch 3 1,3",
      "bob: removed",
      "cat: epoch 3 1,3",
      "ann: cat 3 says is he gone?",
    ])
  })

  it("take the founder for gone that is silent, and not the one that gives signs of life", () => {
    const room = new Room()
    room.enter("bob", 2)
    const { session: bob } = room.guests.get("bob")!
    for (let seconds = 5; seconds <= 30; seconds += 5) {
      room.nowMs = seconds * 1_000
      room.spread("ann", { frames: [room.coordinator.signOfLife()], told: [] })
      expect(bob.tick().told).toEqual([])
    }
    room.nowMs += 10_000
    expect(bob.tick().told).toMatchObject([{ event: "refused", code: "0x0013" }])
  })

  it("give a change up that not everybody gets ready for, try it again, and in the end refuse it and remove who was silent", () => {
    const room = new Room()
    room.enter("bob", 2)
    room.guests.clear() // Bob hears nothing more.
    const cat = new GroupSession({ name: "cat", memberId: 3 })
    const settled: unknown[] = []
    room.spread(
      "ann",
      room.coordinator.add({
        keyPackage: cat.mls.exportKeyPackage(),
        isGone: () => false,
        settled: (one) => settled.push(one),
      }),
    )
    for (let attempt = 1; attempt <= 3; attempt++) {
      expect(settled).toEqual([])
      room.isLate()
    }
    expect(settled).toEqual([{ refused: "the members did not get ready in time" }])
    expect(room.memberIds).toEqual([1])
  })

  it("remove two who leave together, though neither gets ready for the other's removal", () => {
    const room = new Room()
    room.enter("bob", 2)
    room.enter("cat", 3)
    room.enter("dan", 4)
    const gone = ["bob", "cat"].map((name) => room.guests.get(name)!.leafIndex)
    for (const name of ["bob", "cat"]) room.guests.delete(name)
    for (const leafIndex of gone) room.spread("ann", room.coordinator.remove(leafIndex))
    room.isLate()
    expect(room.memberIds).toEqual([1, 4])
    room.enter("eve", 5)
    expect(room.memberIds).toEqual([1, 5, 4]) // In the order of leaves: hers was bob's.
  })

  it("never give a removal up, and remove with it who is silent", () => {
    const room = new Room()
    for (const [index, name] of ["bob", "cat", "dan"].entries()) room.enter(name, index + 2)
    const bob = room.guests.get("bob")!.leafIndex
    for (const name of ["bob", "cat"]) room.guests.delete(name)
    room.spread("ann", room.coordinator.remove(bob))
    for (let attempt = 1; attempt <= 3; attempt++) {
      expect(room.memberIds).toEqual([1, 2, 3, 4])
      room.isLate()
    }
    expect(room.memberIds).toEqual([1, 4])
  })

  it("do not take an execution of what they have not prepared for their removal, in gbp/1 where anybody may send one", () => {
    const options = { profile: "gbp/1", acceptedRisk: NONCE_REUSE_RISK } as const
    const [ann, bob] = [
      new GroupSession({ name: "ann", memberId: 1, ...options }),
      new GroupSession({ name: "bob", memberId: 2, ...options }),
    ]
    ann.found()
    const coordinator = new Coordinator(ann)
    let admission: Admission | { refused: string } | undefined
    const settled = (one: typeof admission): void => void (admission = one)
    coordinator.add({ keyPackage: bob.mls.exportKeyPackage(), isGone: () => false, settled })
    if (admission === undefined || "refused" in admission) throw new Error("not let in")
    bob.join(admission.welcome, admission.transitionId)
    const spoken = [ControlOpcode.PrepareTransition, ControlOpcode.ExecuteTransition].map((opcode) => {
      return bob.node.sendControl(bob.mls, 0, opcode, 9, 0, Uint8Array.of(1)).wire
    })
    expect(spoken.flatMap((frame) => ann.receive(frame).told)).toMatchObject([
      { event: "refused", code: "bad_message" },
      { event: "refused", reason: "transition 9 was executed, and its commit is not prepared here: connect anew" },
    ])
  })

  it("tell of a frame that they cannot read, and go on", () => {
    const room = new Room()
    room.enter("bob", 2)
    const { session: bob } = room.guests.get("bob")!
    expect(bob.receive(Uint8Array.of(1, 2, 3)).told).toMatchObject([{ event: "refused" }])
    const frame = room.founder.say("still here")
    const forged = frame.with(frame.length - 1, frame.at(-1)! ^ 1)
    expect(bob.receive(forged).told).toEqual([{ event: "refused", reason: "decrypt_failed", code: "0x0006" }])
    expect(bob.receive(frame).told).toMatchObject([{ event: "text", text: "still here" }])
  })
})
