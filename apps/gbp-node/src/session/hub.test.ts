import { frameChannel, memoryListener } from "@qpc/transport"
import type { FrameChannel } from "@qpc/transport"
import { describe, expect, it } from "vitest"
import { decodeAnswer } from "./admission.ts"
import { GroupSession } from "./group-session.ts"
import { Hub } from "./hub.ts"
import type { Told } from "./told.ts"

/** A founder's hub, and connections to it inside this process. */
class House {
  readonly told: Told[] = []
  readonly #session = new GroupSession({ name: "ann", memberId: 1, now: () => 0 })
  readonly hub = new Hub(this.#session, (told) => void this.told.push(told))
  readonly #memory = memoryListener()
  readonly #accepted = this.#memory.listener.connections[Symbol.asyncIterator]()

  constructor() {
    this.#session.found()
  }

  get memberIds(): (number | undefined)[] {
    return this.#session.people().map(({ memberId }) => memberId)
  }

  /** Connects, and says nothing yet. */
  async visit(name: string, memberId: number): Promise<Guest> {
    const near = await this.#memory.dial()
    const { value } = await this.#accepted.next()
    if (value === undefined) throw new Error("the listener closed")
    const session = new GroupSession({ name, memberId, now: () => 0 })
    return new Guest(session, frameChannel(near), this.hub.serve(value))
  }
}

/** Somebody who takes one frame after the other. */
class Guest {
  readonly session: GroupSession
  readonly channel: FrameChannel
  /** Resolves when the hub is done with the connection. */
  readonly served: Promise<void>
  readonly #frames: AsyncIterator<Uint8Array>

  constructor(session: GroupSession, channel: FrameChannel, served: Promise<void>) {
    this.session = session
    this.channel = channel
    this.served = served
    this.#frames = channel.incoming[Symbol.asyncIterator]()
  }

  async ask(): Promise<void> {
    await this.channel.send(this.session.mls.exportKeyPackage())
  }

  /** Takes the answer, and enters. @throws Error with the reason where there is one */
  async enter(): Promise<void> {
    const answer = decodeAnswer((await this.#next()).slice())
    if (answer?.kind !== "admitted") throw new Error(answer?.reason ?? "no answer")
    this.session.join(answer.welcome, answer.transitionId)
  }

  /** Takes in one frame. @returns what it would answer */
  async take(): Promise<readonly Uint8Array[]> {
    return this.session.receive(await this.#next()).frames
  }

  async send(frames: readonly Uint8Array[]): Promise<void> {
    for (const frame of frames) await this.channel.send(frame)
  }

  /** Follows one transition: PREPARE, READY, EXECUTE. */
  async follow(): Promise<void> {
    await this.send(await this.take())
    await this.take()
  }

  async leave(): Promise<void> {
    await this.channel.close()
    await this.served
  }

  async #next(): Promise<Uint8Array> {
    const { value } = await this.#frames.next()
    if (value === undefined) throw new Error("the hub ended the connection")
    return value
  }
}

async function houseWithBob(): Promise<{ house: House; bob: Guest }> {
  const house = new House()
  const bob = await house.visit("bob", 2)
  await bob.ask()
  await bob.enter()
  return { house, bob }
}

describe("hub", () => {
  it("keeps nobody who left before it was let in", async () => {
    const { house, bob } = await houseWithBob()
    const cat = await house.visit("cat", 3)
    await cat.ask()
    const ready = await bob.take()
    await cat.leave()
    await bob.send(ready)
    await bob.take()
    await bob.follow()
    expect(house.memberIds).toEqual([1, 2])

    const dan = await house.visit("dan", 4)
    await dan.ask()
    await bob.follow()
    await dan.enter()
    expect(dan.session.people().map(({ memberId }) => memberId)).toEqual([1, 2, 4])
  })

  it("does not begin to let in who has left", async () => {
    const { house, bob } = await houseWithBob()
    const cat = await house.visit("cat", 3)
    await cat.ask()
    const ready = await bob.take()
    const dan = await house.visit("dan", 4)
    await dan.ask()
    await dan.leave()
    await bob.send(ready)
    await bob.take()
    await cat.enter()
    expect(house.memberIds).toEqual([1, 2, 3])

    const eve = await house.visit("eve", 5)
    await eve.ask()
    await Promise.all([bob.follow(), cat.follow()])
    await eve.enter()
    expect(house.told.map((told) => (told.event === "members" ? told.epoch : told.event))).toEqual([1n, 2n, 3n])
  })
})
