import { describe, expect, it } from "vitest"
import { ENDPOINT_TRANSITIONS, endpointMayBecome } from "./endpoint-state.ts"
import type { EndpointState } from "./endpoint-state.ts"
import { DISABLED, stepSubProtocol } from "./sub-protocol-state.ts"
import type { SubProtocolInput } from "./sub-protocol-state.ts"
import { TransitionLog } from "./transition-log.ts"
import { TRANSITION_TRANSITIONS, transitionMayBecome } from "./transition-state.ts"
import type { TransitionStateName } from "./transition-state.ts"

/** All pairs of states that a table allows. */
const pairs = <S extends string>(states: readonly S[], may: (from: S, to: S) => boolean) =>
  states.flatMap((from) => states.filter((to) => may(from, to)).map((to) => `${from} ${to}`))

describe("the states of an endpoint", () => {
  it("follow each other as the specification lists, and not otherwise", () => {
    const states = Object.keys(ENDPOINT_TRANSITIONS) as EndpointState[]
    const listed = [
      "idle connecting",
      "connecting establishing_group",
      "establishing_group active",
      "active resyncing",
      "resyncing active",
      ...["idle", "connecting", "establishing_group", "active", "resyncing"].map((from) => `${from} failed`),
      ...["idle", "connecting", "establishing_group", "active", "resyncing", "failed"].map((from) => `${from} closed`),
    ]
    expect(pairs(states, endpointMayBecome).toSorted()).toEqual(listed.toSorted())
  })
})

describe("the states of a transition", () => {
  it("follow each other as the specification lists, and not otherwise", () => {
    const states = Object.keys(TRANSITION_TRANSITIONS) as TransitionStateName[]
    const listed = [
      "T_IDLE T_PREPARED",
      "T_PREPARED T_COMMIT_PROCESSED",
      "T_PREPARED T_ABORTED",
      "T_COMMIT_PROCESSED T_READY",
      "T_COMMIT_PROCESSED T_ABORTED",
      "T_READY T_EXECUTED",
      "T_READY T_ABORTED",
      "T_EXECUTED T_IDLE",
      "T_ABORTED T_IDLE",
    ]
    expect(pairs(states, transitionMayBecome).toSorted()).toEqual(listed.toSorted())
  })
})

const after = (...inputs: readonly SubProtocolInput[]) =>
  inputs.reduce((state, input) => stepSubProtocol(state, input), DISABLED).state

describe("a stream type", () => {
  it("runs once everybody agreed", () => {
    expect(after("offered")).toBe("negotiating")
    expect(after("offered", "agreed")).toBe("enabled")
    expect(after("offered", "refused")).toBe("disabled")
    expect(after("agreed")).toBe("disabled")
  })

  it("is degraded by failures, and whole again by what works", () => {
    expect(after("offered", "agreed", "failed", "failed", "failed", "failed")).toBe("degraded")
    expect(after("offered", "agreed", "failed", "worked")).toBe("enabled")
  })

  it("is suspended by three fatal failures in a row, until it is offered anew", () => {
    const fatal = "failed_fatally"
    expect(after("offered", "agreed", fatal, fatal)).toBe("degraded")
    expect(after("offered", "agreed", fatal, fatal, "worked", fatal)).toBe("degraded")
    expect(after("offered", "agreed", fatal, fatal, fatal)).toBe("suspended")
    expect(after("offered", "agreed", fatal, fatal, fatal, "worked")).toBe("suspended")
    expect(after("offered", "agreed", fatal, fatal, fatal, "offered", "agreed")).toBe("enabled")
  })

  it("can be withdrawn at any time", () => {
    expect(after("offered", "agreed", "withdrawn")).toBe("disabled")
  })
})

const logged = (transitionId: number, bytes = 10) => ({
  transitionId,
  frames: [new Uint8Array(bytes)],
  left: [transitionId],
  notice: [Uint8Array.of(transitionId)],
  entries: [{ transitionId, opcode: 3, senderId: 1, argsDigest: new Uint8Array(32) }],
})

describe("the log of transitions", () => {
  it("hands out what came after a transition, and its entries", () => {
    const log = new TransitionLog(0, { loggedTransitions: 9, loggedBytes: 1000 })
    for (const id of [1, 2, 5]) log.add(logged(id))
    expect(log.since(1).transitions.map(({ transitionId }) => transitionId)).toEqual([2, 5])
    expect(log.since(0).isTruncated).toBe(false)
    expect(log.tailSince(2).map(({ transitionId }) => transitionId)).toEqual([5])
  })

  it("keeps no more than its limits, and says what it does not have", () => {
    const few = new TransitionLog(0, { loggedTransitions: 2, loggedBytes: 1000 })
    const small = new TransitionLog(0, { loggedTransitions: 9, loggedBytes: 26 })
    for (const log of [few, small]) {
      for (const id of [1, 2, 3]) log.add(logged(id))
      expect(log.since(1)).toMatchObject({ isTruncated: false })
      expect(log.since(0)).toMatchObject({ isTruncated: true })
      expect(log.since(0).transitions).toHaveLength(2)
    }
  })

  it("tells who was removed, and only them, as long as it is kept", () => {
    const log = new TransitionLog(0, { loggedTransitions: 2, loggedBytes: 1000 })
    for (const id of [1, 2, 5]) log.add(logged(id))
    expect(log.noticeFor(5, 0)).toEqual([Uint8Array.of(5)])
    expect([log.noticeFor(5, 5), log.noticeFor(3, 0), log.noticeFor(1, 0)]).toEqual([[], [], []])
  })

  it("of a newcomer begins where it came in", () => {
    expect(new TransitionLog(7, { loggedTransitions: 2, loggedBytes: 1000 }).since(6).isTruncated).toBe(true)
  })
})
