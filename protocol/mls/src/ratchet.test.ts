import { suite0001 } from "@qpc/crypto/node"
import { concatBytes, RecordLog } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { Ratchet } from "./ratchet.ts"
import type { KeyCandidate, KeyMiss, MessageKey } from "./ratchet.ts"
import { watchSecrets } from "./testing/watched-suite.ts"

const LAST_GENERATION = 0xffff_fffe
const ZEROS = new Uint8Array(32)
const limits = { outOfOrderGenerations: 2, maxForwardGenerations: 5, refusedDerivations: 0 }
const keys = { head: "head", skipped: (generation: number) => `skipped ${generation}` }
const secretOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

function keyOf(candidate: KeyCandidate | KeyMiss): KeyCandidate {
  if (typeof candidate === "string") throw new Error(candidate)
  return candidate
}

/** A ratchet that has passed generation 3 and waits for 1 and 2, with what it derived and did not zero. */
function waitingRatchet(): { readonly ratchet: Ratchet; readonly secretsLeft: () => Uint8Array[] } {
  const { suite, secretsLeft } = watchSecrets(suite0001)
  const ratchet = new Ratchet(suite, secretOf(1))
  keyOf(ratchet.candidate(3, limits)).consume()
  return { ratchet, secretsLeft }
}

/** What a ratchet holds: its records, one after the other. */
function held(ratchet: Ratchet): Uint8Array {
  return concatBytes(...Array.from(ratchet.records(keys), ({ value }) => value))
}

/** Which records a change of a waiting ratchet touches, and whether they are there after it. */
function changesOf(change: (ratchet: Ratchet) => void): [key: string, isThere: boolean][] {
  const { ratchet } = waitingRatchet()
  const log = new RecordLog({ hash: (bytes) => suite0001.hash(bytes), all: () => [], isChecked: () => false })
  log.follow([])
  ratchet.attach(log, keys)
  change(ratchet)
  const touched = log.take().changes.map(({ key, value }): [string, boolean] => [key, value !== undefined])
  return touched.filter(([key]) => key === "head" || key.startsWith("skipped"))
}

/** Keys that a fresh ratchet of the same secret sends with. */
function sentKeys(count: number): MessageKey[] {
  const sender = new Ratchet(suite0001, secretOf(1))
  return Array.from({ length: count }, () => sender.next())
}

describe("a ratchet that sends", () => {
  it("leaves no secret behind but the key it gave out and what it goes on with", () => {
    const { suite, secretsLeft } = watchSecrets(suite0001)
    const first = secretOf(1)
    const ratchet = new Ratchet(suite, first)
    const { key, nonce } = ratchet.next()
    expect(first).toEqual(ZEROS)
    expect(secretsLeft()).toEqual([nonce, key, held(ratchet).subarray(0, 32)])
  })

  it("skips generations without deriving their keys, and never goes back", () => {
    const { suite, secretsLeft } = watchSecrets(suite0001)
    const first = secretOf(1)
    const ratchet = new Ratchet(suite, first)
    ratchet.skipTo(2)
    expect([first, secretsLeft().length, ratchet.nextGeneration]).toEqual([ZEROS, 1, 2])
    ratchet.skipTo(1)
    expect(ratchet.next()).toEqual(sentKeys(3)[2])
  })

  it("gives no key of generation 2^32 − 1, which would have nothing to follow", () => {
    const ratchet = new Ratchet(suite0001, secretOf(1), LAST_GENERATION)
    expect(ratchet.next().generation).toBe(LAST_GENERATION)
    expect(() => ratchet.next()).toThrow(new RangeError("the ratchet is used up: commit first"))
  })
})

describe("a ratchet that receives", () => {
  it("has keys up to its limit ahead, and none of generation 2^32 − 1", () => {
    const ratchet = new Ratchet(suite0001, secretOf(1), 3)
    expect([3, 8].map((generation) => typeof ratchet.candidate(generation, limits))).toEqual(["object", "object"])
    expect(ratchet.candidate(9, limits)).toBe("generation_too_far")
    const last = new Ratchet(suite0001, secretOf(1), LAST_GENERATION)
    expect(keyOf(last.candidate(LAST_GENERATION, limits)).messageKey.generation).toBe(LAST_GENERATION)
    expect(last.candidate(LAST_GENERATION + 1, limits)).toBe("generation_too_far")
  })

  it("counts the steps to a generation, none to one that is behind", () => {
    const ratchet = new Ratchet(suite0001, secretOf(1), 3)
    expect([0, 3, 5].map((generation) => ratchet.distanceTo(generation))).toEqual([0, 0, 2])
  })

  it("leaves no secret behind and does not move when a key is released", () => {
    const { suite, secretsLeft } = watchSecrets(suite0001)
    const ratchet = new Ratchet(suite, secretOf(1))
    const before = held(ratchet)
    keyOf(ratchet.candidate(3, limits)).release()
    expect(secretsLeft()).toEqual([])
    expect(held(ratchet)).toEqual(before)
  })

  it("keeps the next secret and the keys within its window, and zeroes all else, when a key is consumed", () => {
    const { ratchet, secretsLeft } = waitingRatchet()
    const [, second, third] = sentKeys(3)
    expect(ratchet.nextGeneration).toBe(4)
    expect(held(ratchet).subarray(36)).toEqual(concatBytes(second!.key, second!.nonce, third!.key, third!.nonce))
    expect(secretsLeft()).toHaveLength(5)
  })

  it("zeroes keys that fall out of its window", () => {
    const { ratchet, secretsLeft } = waitingRatchet()
    keyOf(ratchet.candidate(4, limits)).consume()
    const third = sentKeys(3)[2]!
    expect(held(ratchet).subarray(36)).toEqual(concatBytes(third.key, third.nonce))
    expect(secretsLeft()).toHaveLength(3)
  })

  it("gives a skipped key until it is consumed, and then has none left of it", () => {
    const { ratchet } = waitingRatchet()
    const candidate = keyOf(ratchet.candidate(1, limits))
    candidate.release()
    expect(candidate.messageKey).toEqual(sentKeys(2)[1])
    keyOf(ratchet.candidate(1, limits)).consume()
    expect([candidate.messageKey.key, candidate.messageKey.nonce]).toEqual([ZEROS.subarray(16), ZEROS.subarray(20)])
    expect(ratchet.candidate(1, limits)).toBe("key_consumed")
    expect(ratchet.candidate(0, limits)).toBe("key_consumed")
  })

  it("leaves no secret behind in the end", () => {
    const { ratchet, secretsLeft } = waitingRatchet()
    ratchet.zero()
    expect(secretsLeft()).toEqual([])
    expect(ratchet.candidate(1, limits)).toBe("key_consumed")
  })
})

describe("the records of a ratchet", () => {
  it("change with what is sent and received, each of its own", () => {
    expect(changesOf((ratchet) => void ratchet.next())).toEqual([["head", true]])
    expect(changesOf((ratchet) => keyOf(ratchet.candidate(1, limits)).consume())).toEqual([["skipped 1", false]])
    expect(changesOf((ratchet) => keyOf(ratchet.candidate(5, limits)).consume())).toEqual([
      ["skipped 4", true],
      ["skipped 1", false],
      ["skipped 2", false],
      ["head", true],
    ])
  })

  it("are all owed when they are marked, and all gone in the end", () => {
    expect(changesOf((ratchet) => ratchet.markAll())).toEqual([
      ["head", true],
      ["skipped 1", true],
      ["skipped 2", true],
    ])
    expect(changesOf((ratchet) => ratchet.zero())).toEqual([
      ["skipped 1", false],
      ["skipped 2", false],
      ["head", false],
    ])
  })
})
