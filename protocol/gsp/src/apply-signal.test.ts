import { describe, expect, it } from "vitest"
import { applySignal } from "./apply-signal.ts"
import { ADMIN_ROLE, DEFAULT_ROLES, MEMBER_ROLE, MODERATOR_ROLE, PERMISSIONS } from "./permissions.ts"
import { initialState } from "./signal-state.ts"
import type { SignalState } from "./signal-state.ts"
import type { Signal } from "./signal.ts"

const ADMIN = 1
const MODERATOR = 2
const BOB = 3
const CAROL = 4
/** May not even signal. */
const GUEST_ROLE = 7
const GUEST = 5

const start = initialState(
  new Map([...DEFAULT_ROLES, [GUEST_ROLE, PERMISSIONS.sendText]]),
  new Map([
    [ADMIN, ADMIN_ROLE],
    [MODERATOR, MODERATOR_ROLE],
    [GUEST, GUEST_ROLE],
  ]),
)

/** The state after these signals, each of which must have an effect. */
function after(...signals: readonly (readonly [number, Signal])[]): SignalState {
  let state = start
  for (const [senderId, signal] of signals) {
    const applied = applySignal(state, { senderId, signal })
    if (typeof applied === "string") throw new Error(`${signal.type} of ${senderId}: ${applied}`)
    state = applied
  }
  return state
}

describe("joining and leaving", () => {
  it("are the sender's own", () => {
    expect([...after([BOB, { type: "join" }], [CAROL, { type: "join" }], [BOB, { type: "leave" }]).present]).toEqual([
      CAROL,
    ])
  })

  it("ends the streams of whoever leaves, and no mute", () => {
    const state = after(
      [BOB, { type: "stream_start", stream: "audio" }],
      [MODERATOR, { type: "mute", target: BOB }],
      [BOB, { type: "leave" }],
    )
    expect(state.streams.size).toBe(0)
    expect(state.mutes.get(BOB)).toBe(MODERATOR)
  })

  it("is refused to a role without the permission to signal", () => {
    expect(applySignal(start, { senderId: GUEST, signal: { type: "join" } })).toBe("not_allowed")
  })
})

describe("muting", () => {
  it("mutes its target, and not its sender", () => {
    expect(after([MODERATOR, { type: "mute", target: BOB }]).mutes).toEqual(new Map([[BOB, MODERATOR]]))
  })

  it("is refused to a member, but for themselves", () => {
    expect(applySignal(start, { senderId: BOB, signal: { type: "mute", target: CAROL } })).toBe("not_allowed")
    expect(after([BOB, { type: "mute", target: BOB }]).mutes).toEqual(new Map([[BOB, BOB]]))
  })

  it("can be ended by whoever muted themselves", () => {
    expect(after([BOB, { type: "mute", target: BOB }], [BOB, { type: "unmute", target: BOB }]).mutes.size).toBe(0)
  })

  it("cannot be ended by whom somebody else muted, not even after muting themselves", () => {
    const muted = after([MODERATOR, { type: "mute", target: BOB }], [BOB, { type: "mute", target: BOB }])
    expect(applySignal(muted, { senderId: BOB, signal: { type: "unmute", target: BOB } })).toBe("not_allowed")
    expect(after([MODERATOR, { type: "mute", target: BOB }], [ADMIN, { type: "unmute", target: BOB }]).mutes.size).toBe(
      0,
    )
  })
})

describe("a change of roles", () => {
  it("gives the role to its target", () => {
    const state = after([ADMIN, { type: "role_change", target: BOB, role: MODERATOR_ROLE }])
    expect(state.assignments.get(BOB)).toBe(MODERATOR_ROLE)
    expect(
      after([ADMIN, { type: "role_change", target: MODERATOR, role: MEMBER_ROLE }]).assignments.has(MODERATOR),
    ).toBe(false)
  })

  it("is refused to whoever may not assign roles", () => {
    const signal: Signal = { type: "role_change", target: BOB, role: MODERATOR_ROLE }
    expect(applySignal(start, { senderId: MODERATOR, signal })).toBe("not_allowed")
  })

  it("gives and takes nothing that its sender does not have", () => {
    const assigner = initialState(
      new Map([...DEFAULT_ROLES, [8, PERMISSIONS.sendSignal | PERMISSIONS.assignRoles]]),
      new Map([
        [ADMIN, ADMIN_ROLE],
        [BOB, 8],
      ]),
    )
    const makeAdmin: Signal = { type: "role_change", target: BOB, role: ADMIN_ROLE }
    const unmakeAdmin: Signal = { type: "role_change", target: ADMIN, role: MEMBER_ROLE }
    expect(applySignal(assigner, { senderId: BOB, signal: makeAdmin })).toBe("above_own")
    expect(applySignal(assigner, { senderId: BOB, signal: unmakeAdmin })).toBe("above_own")
  })

  it("is refused for a role that there is not", () => {
    expect(applySignal(start, { senderId: ADMIN, signal: { type: "role_change", target: BOB, role: 99 } })).toBe(
      "unknown_role",
    )
  })
})

describe("a stream", () => {
  it("starts and stops for its sender", () => {
    const state = after(
      [BOB, { type: "stream_start", stream: "audio" }],
      [BOB, { type: "stream_start", stream: "text" }],
    )
    expect(state.streams).toEqual(new Map([[BOB, new Set(["audio", "text"])]]))
    const stopped = applySignal(state, { senderId: BOB, signal: { type: "stream_stop", stream: "audio" } })
    expect(stopped).toMatchObject({ streams: new Map([[BOB, new Set(["text"])]]) })
  })

  it("does not start without the permission for its kind", () => {
    const state = initialState(new Map([[MEMBER_ROLE, PERMISSIONS.sendSignal | PERMISSIONS.sendText]]))
    expect(applySignal(state, { senderId: BOB, signal: { type: "stream_start", stream: "audio" } })).toBe("not_allowed")
  })

  it("does not stop before it started", () => {
    expect(applySignal(start, { senderId: BOB, signal: { type: "stream_stop", stream: "audio" } })).toBe("not_started")
  })
})

describe("a codec", () => {
  it("is a moderator's choice", () => {
    expect(after([MODERATOR, { type: "codec_update", codec: 111 }]).codec).toBe(111)
    expect(applySignal(start, { senderId: BOB, signal: { type: "codec_update", codec: 111 } })).toBe("not_allowed")
  })
})
