import { suite0001 } from "@qpc/crypto/node"
import type { Client, Conversation } from "@qpc/sdk"
import { TestClock } from "@qpc/sdk/testing"
import { toHex, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { Service } from "../catch-up/service.ts"
import type { Person } from "../catch-up/service.ts"
import { OFF_MS, WrongClock } from "./wrong-clock.ts"

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const YEAR_MS = 366 * DAY_MS
const TIME_LABEL = toHex(toUtf8("quicprochat server time\0"))
const NONCE_AT = TIME_LABEL.length / 2

type Sign = (privateKey: Uint8Array, message: Uint8Array) => Uint8Array

const HONEST: Sign = (privateKey, message) => suite0001.sign(privateKey, message)
const NO_SIGNATURE: Sign = () => new Uint8Array(0)
const ZEROS: Sign = () => new Uint8Array(64)
const ANOTHER_NONCE: Sign = (privateKey, message) => {
  const other = message.slice()
  other[NONCE_AT]! ^= 1
  return suite0001.sign(privateKey, other)
}
const ANOTHER_KEY: Sign = (_privateKey, message) =>
  suite0001.sign(suite0001.signatureKeyPair(new Uint8Array(32).fill(3)).privateKey, message)

/** A server whose clock a test sets, and that signs the time as a test wants. */
async function lyingService() {
  const clock = new TestClock()
  const serversClock = new WrongClock(clock, 0)
  const lie: { sign: Sign; askedTimes: number } = { sign: HONEST, askedTimes: 0 }
  const sign: Sign = (privateKey, message) => {
    if (!toHex(message).startsWith(TIME_LABEL)) return suite0001.sign(privateKey, message)
    lie.askedTimes += 1
    return lie.sign(privateKey, message)
  }
  const service = await Service.open({}, { clock: serversClock, suite: { ...suite0001, sign } }, clock)
  return { service, clock, serversClock, lie }
}

const reasons = async (client: Client): Promise<string[]> => (await client.notices()).map(({ reason }) => reason)
const keyPackages = ({ disk }: Person): string[] => [...disk.collections.get("key_packages")!.keys()]
const texts = async (group: Conversation): Promise<string[]> => (await group.history()).map(({ text }) => text)

async function friends() {
  const world = await lyingService()
  const { service, clock } = world
  const [alices, bobs] = [await service.enrol("alice"), await service.enrol("bob")]
  const [alice, bob] = [await service.client(alices), await service.client(bobs)]
  for (const client of [alice, bob]) await clock.during(client.sync())
  const group = await clock.during(alice.createGroup("friends"))
  await clock.during(group.invite("bob").then(({ id }) => group.waitAccepted(id)))
  for (const client of [bob, alice]) await clock.during(client.sync())
  /** Both come back, as after a failure of the network. */
  const reconnect = async (): Promise<void> => {
    const wanted = world.lie.askedTimes + 2
    service.cut()
    while (world.lie.askedTimes < wanted) for (const client of [alice, bob]) await clock.during(client.sync())
    for (const client of [alice, bob]) await clock.during(client.sync())
  }
  const talk = async (word: string): Promise<void> => {
    await clock.during(group.send(word).then(({ id }) => group.waitAccepted(id)))
    await clock.during(bob.sync())
    expect((await texts(bob.conversation("friends"))).at(-1)).toBe(word)
  }
  const newcomersHaveRenewed = async (): Promise<void> => {
    for (let quarter = 0; quarter < 8; quarter++) {
      clock.advance(15 * MINUTE_MS)
      for (const client of [bob, alice]) await clock.during(client.sync())
    }
  }
  return { ...world, alices, bobs, alice, bob, group, reconnect, talk, newcomersHaveRenewed }
}

describe.each(OFF_MS)("a server whose clock is %s", (_title, aheadMs) => {
  it("is told of once, deletes no keys, and harms nothing once it is right again", async () => {
    const { clock, serversClock, alice, bob, bobs, group, reconnect, talk } = await friends()
    const before = keyPackages(bobs)
    clock.advance(DAY_MS)
    serversClock.aheadMs = aheadMs
    for (const word of ["one", "two"]) {
      await reconnect()
      await talk(word)
    }
    // Before what it agreed on a day ago it is not believed; else it is, beyond the tolerance.
    const told = aheadMs < -DAY_MS ? ["server_time_refused"] : aheadMs > DAY_MS ? ["clock_differs"] : []
    expect([await reasons(alice), await reasons(bob)]).toEqual([told, told])
    expect(keyPackages(bobs)).toEqual(expect.arrayContaining(before))
    serversClock.aheadMs = 0
    await reconnect()
    await talk("right again")
    const message = (await group.history()).at(-1)!
    expect(Math.abs(message.sentAtMs - clock.unixMs())).toBeLessThan(MINUTE_MS)
    expect([await reasons(alice), await reasons(bob)]).toEqual([told, told])
  })
})

describe("a server that lies about the time", () => {
  it.each([
    ["within the tolerance, by which it agrees", 10 * MINUTE_MS],
    ["to a time that both clocks know to be over", 10 * DAY_MS],
  ])("cannot have anybody invited with an expired key package: %s", async (_title, backMs) => {
    const { service, clock, serversClock, alice, reconnect } = await friends()
    // Carol made her key packages, and never came back. They live for 28 days.
    const carol = await service.client(await service.enrol("carol"))
    await clock.during(carol.sync())
    await clock.during(carol.close())
    clock.advance(28 * DAY_MS - MINUTE_MS)
    await reconnect()
    // Before they end, so that the server still has them.
    serversClock.aheadMs = -backMs
    clock.advance(5 * MINUTE_MS)
    await reconnect()
    const late = await clock.during(alice.createGroup("late"))
    await expect(clock.during(late.invite("carol"))).rejects.toMatchObject({
      code: "key_package_refused",
      message: expect.stringContaining("leaf_lifetime_expired") as string,
    })
  })

  it("costs no more than a renewal of keys for each time that it jumps ahead, and delays none when it stops", async () => {
    const { clock, serversClock, alice, group, reconnect, talk, newcomersHaveRenewed } = await friends()
    await newcomersHaveRenewed()
    const settled = group.epoch
    for (const aheadMs of [YEAR_MS, 0, 10 * YEAR_MS, 0]) {
      serversClock.aheadMs = aheadMs
      await reconnect()
      await talk(`ahead by ${aheadMs}`)
    }
    // Two members, two jumps.
    expect(group.epoch - settled).toBeLessThanOrEqual(4n)
    const before = group.epoch
    for (let day = 0; day < 31; day++) {
      clock.advance(DAY_MS)
      await reconnect()
    }
    await clock.during(alice.sync())
    expect(group.epoch).toBe(before + 2n)
  })

  it.each([
    ["that it does not sign", NO_SIGNATURE],
    ["under zeros", ZEROS],
    ["that it signs for another nonce", ANOTHER_NONCE],
    ["that it signs with another key", ANOTHER_KEY],
  ])("is not believed with a time %s, and that is told", async (_title, sign) => {
    const { clock, serversClock, lie, alice, group, reconnect, talk } = await friends()
    lie.sign = sign
    serversClock.aheadMs = 2 * DAY_MS
    for (const word of ["one", "two"]) {
      await reconnect()
      await talk(word)
    }
    expect(await reasons(alice)).toEqual(["server_time_refused"])
    expect(Math.abs((await group.history()).at(-1)!.sentAtMs - clock.unixMs())).toBeLessThan(MINUTE_MS)
  })

  it("is not believed with what it signed before: each question has a nonce of its own", async () => {
    const { clock, serversClock, lie, alice, reconnect } = await friends()
    const earlier: { readonly signature: Uint8Array; readonly atMs: number }[] = []
    lie.sign = (privateKey, message) => {
      const signature = suite0001.sign(privateKey, message)
      earlier.push({ signature, atMs: serversClock.unixMs() })
      return signature
    }
    await reconnect()
    expect(await reasons(alice)).toEqual([])
    // Soon enough for the time itself to be believed.
    clock.advance(5 * MINUTE_MS)
    const { signature, atMs } = earlier[0]!
    lie.sign = () => signature
    serversClock.aheadMs = atMs - clock.unixMs()
    await reconnect()
    expect(await reasons(alice)).toEqual(["server_time_refused"])
  })

  it("cannot make messages disappear", async () => {
    const { clock, serversClock, group, bob, reconnect, talk } = await friends()
    await clock.during(group.setTimer(2 * 86_400).then(({ id }) => group.waitAccepted(id)))
    await talk("stays for two days")
    const own = bob.conversation("friends")
    await clock.during(own.markRead((await own.history()).at(-1)!.position))
    serversClock.aheadMs = 10 * YEAR_MS
    await reconnect()
    // What is to go is looked for each hour.
    clock.advance(90 * MINUTE_MS)
    await clock.during(bob.sync())
    expect(await texts(own)).toContain("stays for two days")
    clock.advance(2 * DAY_MS)
    await clock.during(bob.sync())
    expect(await texts(own)).not.toContain("stays for two days")
  })
})
