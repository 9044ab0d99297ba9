import { frameChannel, memoryListener, TransportError } from "@qpc/transport"
import type { Connection, FrameChannel } from "@qpc/transport"
import { describe, expect, it } from "vitest"
import { decodeAnswer } from "./admission.ts"
import { GroupSession } from "./group-session.ts"
import { Hub } from "./hub.ts"
import type { Told } from "./told.ts"

/** A founder's hub, and connections to it inside this process. */
class House {
  readonly told: Told[] = []
  nowMs = 0
  readonly #session = new GroupSession({ name: "ann", memberId: 1, now: () => this.nowMs })
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
  async visit(name: string, memberId: number, over = (connection: Connection) => connection): Promise<Guest> {
    const near = await this.#memory.dial()
    const { value } = await this.#accepted.next()
    if (value === undefined) throw new Error("the listener closed")
    const session = new GroupSession({ name, memberId, now: () => 0 })
    return new Guest(session, frameChannel(near), this.hub.serve(over(value)))
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

/** A connection on which bytes arrive, and that takes none. */
function unwritable(arriving: Uint8Array): Connection {
  const closed = Promise.withResolvers<void>()
  const close = async (): Promise<void> => closed.resolve()
  async function* incoming(): AsyncGenerator<Uint8Array> {
    yield arriving
    await closed.promise
  }
  return {
    kind: "memory",
    peerAddress: "memory",
    incoming: incoming(),
    write: async () => await Promise.reject(new TransportError("overflow", "too much waits")),
    finish: close,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** A connection that takes no more bytes from when it is broken. */
class Breakable {
  isBroken = false

  over(connection: Connection): Connection {
    const write = async (bytes: Uint8Array): Promise<void> => {
      if (this.isBroken) throw new TransportError("overflow", "too much waits")
      await connection.write(bytes)
    }
    const { kind, peerAddress, incoming } = connection
    const close = async (reason?: string): Promise<void> => await connection.close(reason)
    const finish = async (): Promise<void> => await connection.finish()
    return { kind, peerAddress, incoming, write, finish, close, [Symbol.asyncDispose]: close }
  }

  async guestOf(house: House, name: string, memberId: number): Promise<Guest> {
    return await house.visit(name, memberId, (connection) => this.over(connection))
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

  it("refuses a key package that is too large for what a tree holds for ever, and ends the connection", async () => {
    const { house } = await houseWithBob()
    const cat = await house.visit("cat", 3)
    await cat.send([new Uint8Array(16 * 1024 + 1)])
    await expect(cat.enter()).rejects.toThrow("a key package has at most 16384 bytes")
    await cat.leave()
    expect(house.memberIds).toEqual([1, 2])
  })

  it("ends the connections of those who wait, and takes no more", async () => {
    const { house } = await houseWithBob()
    const cat = await house.visit("cat", 3)
    await house.hub.close()
    await cat.served
    const dan = await house.visit("dan", 4)
    await dan.served
    expect(house.memberIds).toEqual([1, 2])
  })

  it("disconnects and removes who is not ready three times in a row", async () => {
    const { house, bob } = await houseWithBob()
    const cat = await house.visit("cat", 3)
    await cat.ask()
    await bob.take()
    for (let attempt = 1; attempt <= 3; attempt++) {
      expect(house.memberIds).toEqual([1, 2])
      house.nowMs += 5_000
      house.hub.tick()
    }
    await bob.served
    expect(house.told).toContainEqual(expect.objectContaining({ event: "disconnected", reason: "not ready in time" }))
    expect(house.memberIds).toEqual([1])
    await expect(cat.enter()).rejects.toThrow("the members did not get ready in time")
  })

  it("tells of an answer that it could not send, and ends the connection", async () => {
    const { house } = await houseWithBob()
    await house.hub.serve(unwritable(Uint8Array.of(1, 0, 0, 0, 0xff)))
    expect(house.told.at(-1)).toMatchObject({ event: "disconnected", who: undefined, code: "overflow" })
  })

  it("tells once of a member that frames cannot be sent to, ends its connection and removes it", async () => {
    const house = new House()
    const line = new Breakable()
    const bob = await line.guestOf(house, "bob", 2)
    await bob.ask()
    await bob.enter()
    line.isBroken = true
    house.hub.signOfLife()
    house.hub.signOfLife()
    await bob.served
    expect(house.told.slice(1)).toMatchObject([
      { event: "disconnected", who: { memberId: 2, name: "bob" }, reason: "too much waits", code: "overflow" },
      { event: "members", members: [{ memberId: 1 }] },
    ])
  })

  it("says of nobody that they were disconnected when it closes", async () => {
    const { house, bob } = await houseWithBob()
    await house.hub.close()
    await bob.served
    expect(house.told.map(({ event }) => event)).toEqual(["members"])
  })
})
