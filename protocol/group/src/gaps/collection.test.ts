import type { StreamNumbers } from "@qpc/gbp"
import { MESSAGE_ID_BYTES, RecordReader, toDeviceKey, toIdentityKey, toMessageId } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { Gaps } from "./gaps.ts"
import { OwnNumbers } from "./own-numbers.ts"
import { Redelivery } from "./redelivery.ts"
import { SealedNumbers } from "./sealed-numbers.ts"

const key = new Uint8Array(32).fill(7)
const from = { deviceKey: toDeviceKey(key), identityKey: toIdentityKey(key) }
const options = { ourSince: 0n, nowMs: 1000, limits: { gapWaitMs: 500, gapsPerSender: 4 } }

/** Text `number` of a device that has been in the group since `since` and wrote all in one epoch. */
function numbered(number: number, since: bigint, voids: readonly number[] = []): StreamNumbers {
  return { number, since, runs: [{ epoch: since, first: 1 }], voids }
}

const idOf = (number: number) => toMessageId(new Uint8Array(MESSAGE_ID_BYTES).fill(number))

const requestsOf = ({ asks }: Redelivery): number[] => asks.map(({ requestId }) => requestId)
const rangesOf = (gaps: Gaps): string[] => gaps.all().map(({ gap: one }) => `${one.from}-${one.to}`)

describe("the numbers of a sender", () => {
  it("begin anew when the device came into the group again, and late ones of before are not counted", () => {
    const gaps = new Gaps()
    gaps.note(from, numbered(5, 1n), options)
    expect(rangesOf(gaps)).toEqual(["1-4"])
    const { replaced } = gaps.note(from, numbered(2, 7n), options)
    expect(replaced?.texts.gaps).toMatchObject([{ from: 1, to: 4 }])
    expect(rangesOf(gaps)).toEqual(["1-1"])
    expect(gaps.note(from, numbered(3, 1n), options)).toEqual({ closed: [], forgotten: [], replaced: undefined })
    expect(rangesOf(gaps)).toEqual(["1-1"])
  })

  it("take no more room for any lie about them: the oldest gaps are given up", () => {
    const gaps = new Gaps()
    const forgotten = [2, 4, 6, 8, 0x3fff_ffff].flatMap((number) => {
      return gaps.note(from, numbered(number, 1n), options).forgotten
    })
    expect(forgotten).toMatchObject([{ from: 1, to: 1 }])
    expect(rangesOf(gaps)).toEqual(["3-3", "5-5", "7-7", "9-1073741822"])
  })

  it("leave no gap where their sender gave them up, before or after it was noticed", () => {
    const gaps = new Gaps()
    gaps.note(from, numbered(4, 1n, [2]), options)
    expect(rangesOf(gaps)).toEqual(["1-1", "3-3"])
    gaps.note(from, numbered(5, 1n, [1, 2]), options)
    expect(rangesOf(gaps)).toEqual(["3-3"])
  })

  it("come back from their records", () => {
    const gaps = new Gaps()
    gaps.note(from, numbered(5, 1n), options)
    const again = Gaps.fromRecords(new RecordReader([...gaps.records()]))
    expect(again.all()).toEqual(gaps.all())
  })
})

describe("asks that may still be answered", () => {
  const [mallory, bob] = [toDeviceKey(new Uint8Array(32).fill(1)), toDeviceKey(new Uint8Array(32).fill(2))]
  const range = { since: 1n, from: 1, to: 2, firstEpoch: 1n, lastEpoch: 1n }
  const open = { ...range, helper: bob, dueAtMs: 1, untilMs: 2, answersLeft: 3 }

  it("about one device are so many, and then its oldest is forgotten", () => {
    const redelivery = new Redelivery()
    const limits = { openAsks: 64, openAsksPerSender: 3 }
    redelivery.add({ ...open, device: bob, requestId: 0 }, limits)
    for (let requestId = 1; requestId <= 5; requestId++) redelivery.add({ ...open, device: mallory, requestId }, limits)
    expect(requestsOf(redelivery)).toEqual([0, 3, 4, 5])
  })

  it("about all are so many, and then the oldest is forgotten of the device with most", () => {
    const redelivery = new Redelivery()
    const limits = { openAsks: 5, openAsksPerSender: 16 }
    for (const requestId of [0, 1, 2]) {
      redelivery.add({ ...open, device: toDeviceKey(new Uint8Array(32).fill(3 + requestId)), requestId }, limits)
    }
    for (const requestId of [3, 4, 5]) redelivery.add({ ...open, device: mallory, requestId }, limits)
    expect(requestsOf(redelivery)).toEqual([0, 1, 2, 4, 5])
  })

  it("are no more than a limit that was lowered since, with the next one", () => {
    const redelivery = new Redelivery()
    for (const requestId of [1, 2, 3]) {
      redelivery.add({ ...open, device: bob, requestId }, { openAsks: 64, openAsksPerSender: 16 })
    }
    redelivery.add({ ...open, device: bob, requestId: 4 }, { openAsks: 64, openAsksPerSender: 2 })
    expect(requestsOf(redelivery)).toEqual([3, 4])
    redelivery.add({ ...open, device: bob, requestId: 5 }, { openAsks: 0, openAsksPerSender: 0 })
    expect(requestsOf(redelivery)).toEqual([])
  })
})

describe("members whom we help", () => {
  const limits = { redeliveredTexts: 5, redeliveredBytes: 100, helpedMembers: 2 }

  it("are so many in an hour, each up to limits of their own", () => {
    const redelivery = new Redelivery()
    for (const leafIndex of [1, 2]) redelivery.helped(leafIndex, { textCount: 2, sizeBytes: 30 }, 0)
    expect(redelivery.allowance(1, 1, limits)).toEqual({ textCount: 3, sizeBytes: 70 })
    expect(redelivery.allowance(3, 1, limits)).toEqual({ textCount: 0, sizeBytes: 0 })
    expect(redelivery.allowance(3, 3_600_000, limits)).toEqual({ textCount: 5, sizeBytes: 100 })
  })
})

describe("our own numbers", () => {
  it("go on from epoch to epoch, and name where each began", () => {
    const own = new OwnNumbers(2n)
    expect(own.next(1n)).toBeUndefined()
    for (const epoch of [2n, 2n, 3n, 5n, 8n, 9n]) own.use(own.next(epoch)!)
    expect(own.next(9n)).toEqual({
      number: 7,
      since: 2n,
      runs: [
        { epoch: 9n, first: 6 },
        { epoch: 8n, first: 5 },
        { epoch: 5n, first: 4 },
        { epoch: 3n, first: 3 },
      ],
      voids: [],
    })
  })

  it("that were given up are named by the next text, the newest eight, and known for as many as the limit says", () => {
    const own = new OwnNumbers(0n)
    for (let number = 1; number <= 12; number++) own.use(own.next(0n)!)
    for (let number = 1; number <= 12; number++) own.giveUp(number, { rememberedNumbers: 11 })
    expect(own.next(0n)!.voids).toEqual([5, 6, 7, 8, 9, 10, 11, 12])
    expect([1, 2, 12].map((number) => own.isVoid(number))).toEqual([false, true, true])
  })

  it("that were given up are known to nobody where the limit is 0", () => {
    const own = new OwnNumbers(0n)
    own.use(own.next(0n)!)
    own.giveUp(1, { rememberedNumbers: 0 })
    expect([own.isVoid(1), own.next(0n)!.voids]).toEqual([false, []])
  })

  it("are not used up by looking at the next one", () => {
    const own = new OwnNumbers(0n)
    expect(own.next(0n)).toEqual(own.next(0n))
    const seen = own.next(0n)!
    own.use(seen)
    expect(() => own.use(seen)).toThrow("unreachable")
  })
})

describe("the numbers of our newest texts", () => {
  it("are known for so many, each once, and come back from their records", () => {
    const sealed = new SealedNumbers()
    for (let number = 1; number <= 9; number++) sealed.add(idOf(number), number, { rememberedNumbers: 8 })
    expect(sealed.take(idOf(1))).toBeUndefined()
    expect(sealed.take(idOf(2))).toBe(2)
    expect(sealed.take(idOf(2))).toBeUndefined()
    const again = SealedNumbers.fromRecords(new RecordReader([...sealed.records()]))
    expect([...again.records()]).toEqual([...sealed.records()])
    expect(again.take(idOf(9))).toBe(9)
  })

  it("are not lost when whoever stores them zeroes what they stored", () => {
    const sealed = new SealedNumbers()
    sealed.add(idOf(7), 7, { rememberedNumbers: 8 })
    for (const { value } of sealed.records()) value.fill(0)
    expect(sealed.take(idOf(7))).toBe(7)
  })
})
