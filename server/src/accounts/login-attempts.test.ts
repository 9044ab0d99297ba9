import { describe, expect, it } from "vitest"
import { LoginAttempts } from "./login-attempts.ts"

const WINDOW_MS = 300_000

function attempts(rateKeys = 100) {
  const clock = { nowMs: 0 }
  const limits = {
    loginsFromAddress: { count: 5, windowMs: WINDOW_MS },
    loginsOfName: { count: 2, windowMs: WINDOW_MS },
    loginsOfNameAnywhere: { count: 4, windowMs: WINDOW_MS },
    rateKeys,
  }
  const tried = new LoginAttempts(limits, () => clock.nowMs)
  return { clock, tried, isAdmitted: (name: string, address: string) => tried.take(name, address).admitted }
}

describe("attempts to log in", () => {
  it("under one name are limited from each address, and do not keep its owner out elsewhere", () => {
    const { isAdmitted } = attempts()
    const guesses = [1, 2, 3].map(() => isAdmitted("alice", "guesser"))
    expect(guesses).toEqual([true, true, false])
    expect(isAdmitted("alice", "home")).toBe(true)
  })

  it("under one name are limited over all addresses but those its owner uses", () => {
    const { tried, isAdmitted } = attempts()
    expect(isAdmitted("alice", "home")).toBe(true)
    tried.succeeded("alice", "home")
    const guesses = ["a", "b", "c", "d", "e"].map((address) => isAdmitted("alice", address))
    expect(guesses).toEqual([true, true, true, true, false])
    expect(isAdmitted("alice", "home")).toBe(true)
    expect(isAdmitted("bob", "e")).toBe(true)
  })

  it("from one address are limited over all names", () => {
    const { isAdmitted } = attempts()
    const guesses = ["a", "b", "c", "d", "e", "f"].map((name) => isAdmitted(name, "guesser"))
    expect(guesses).toEqual([true, true, true, true, true, false])
  })

  it("that are refused use up nobody's", () => {
    const { isAdmitted } = attempts()
    for (const name of ["a", "b", "c", "d", "e"]) isAdmitted(name, "guesser")
    for (let n = 0; n < 10; n++) expect(isAdmitted("alice", "guesser")).toBe(false)
    expect(["1", "2", "3", "4"].map((address) => isAdmitted("alice", address))).toEqual([true, true, true, true])
    const other = attempts()
    for (let n = 0; n < 10; n++) other.isAdmitted("alice", "guesser")
    expect(other.isAdmitted("bob", "guesser")).toBe(true)
  })

  it("are forgotten when they succeed or grow old", () => {
    const { tried, isAdmitted, clock } = attempts()
    for (let n = 0; n < 10; n++) {
      expect(isAdmitted("alice", "home")).toBe(true)
      tried.succeeded("alice", "home")
    }
    for (let n = 0; n < 2; n++) isAdmitted("alice", "guesser")
    expect(tried.take("alice", "guesser")).toEqual({ admitted: false, retryAfterMs: WINDOW_MS })
    clock.nowMs = WINDOW_MS
    expect(isAdmitted("alice", "guesser")).toBe(true)
  })

  it("forget the address that was unused longest when there are too many", () => {
    const { tried, isAdmitted, clock } = attempts(2)
    for (const address of ["old", "home", "work"]) {
      isAdmitted("alice", address)
      tried.succeeded("alice", address)
    }
    clock.nowMs = WINDOW_MS
    for (const address of ["a", "b", "c", "d"]) isAdmitted("alice", address)
    expect(isAdmitted("alice", "old")).toBe(false)
    expect(isAdmitted("alice", "work")).toBe(true)
  })
})
