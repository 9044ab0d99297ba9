import { allowKeyReuse, resetNonceMonitor } from "@qpc/crypto/conformance"
import { suite0001 } from "@qpc/crypto/node"
import { decodeCapsule, encodeCapsule, MEANINGS } from "@qpc/sdk"
import type { Capsule, CapsuleGroup } from "@qpc/sdk"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { UNBUILDABLE } from "./obstacles.ts"
import { replayCapsule } from "./replay-capsule.ts"
import type { Replay } from "./replay-capsule.ts"
import { capsuleWith, GROUPS, groupWith, PROFILES } from "./sample-capsules.ts"

const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const SAME_WORLD = "every replay has the same seed, and a copied profile goes on in two places"

/** As it comes out of a file. */
function replay(capsule: Capsule): Promise<Replay> {
  resetNonceMonitor()
  const read = decodeCapsule(encodeCapsule(capsule))
  return allowKeyReuse(SAME_WORLD, () => replayCapsule(read, { suite: suite0001, drain }))
}

const expectSame = async (capsule: Capsule): Promise<void> => {
  const replayed = await replay(capsule)
  if (replayed.kind !== "same") expect.fail(JSON.stringify(replayed, undefined, 2))
  expect(encodeCapsule(replayed.capsule)).toBe(encodeCapsule(capsule))
}

/** In the order that a capsule of them has. */
const inOrder = (...groups: readonly CapsuleGroup[]): readonly CapsuleGroup[] =>
  groups.toSorted((a, b) => (JSON.stringify({ ...a, group: 0 }) < JSON.stringify({ ...b, group: 0 }) ? -1 : 1))

/** What may be with one group at the same time. */
const mixedGroups = fc
  .record({
    persons: fc.integer({ min: 2, max: 4 }),
    ahead: fc.integer({ min: 0, max: 3 }),
    isSending: fc.boolean(),
    queued: fc.array(fc.constantFrom("rename", "set_timer", "set_roles", "update_keys"), { maxLength: 3 }),
    texts: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ persons, ahead, isSending, queued, texts }): CapsuleGroup => {
    const waiting = isSending ? queued : []
    const intents = waiting.join(" ")
    const found: CapsuleGroup["findings"] = [
      ...(ahead > 0 ? [{ state: "behind" as const, facts: { epochsAhead: ahead } }] : []),
      ...(isSending
        ? [{ state: "pending_commit_sending" as const, facts: { intents: "rename", epochsAhead: 0 } }]
        : []),
      ...(waiting.length > 0 ? [{ state: "intent_waiting" as const, facts: { intents } }] : []),
      ...(texts > 0 ? [{ state: "outbox_waiting" as const, facts: { messageCount: texts } }] : []),
    ]
    return groupWith(found.length === 0 ? [{ state: "healthy", facts: {} }] : found, {
      persons,
      devices: persons,
      server: { ahead, isLogShort: false },
      pending: isSending ? { stage: "sending", intents: [{ kind: "rename", attempts: 1 }] } : null,
      queued: waiting.map((kind) => ({ kind, attempts: 0 })),
      outbox: { unsent: texts + (isSending ? 1 : 0), held: 0 },
    })
  })

const mixtures = fc
  .record({ groups: fc.array(mixedGroups, { minLength: 1, maxLength: 3 }), ahead: fc.integer({ min: 0, max: 5 }) })
  .map(({ groups, ahead }): Capsule => {
    const inbox = { ahead, isWaiting: ahead > 0 }
    return capsuleWith(inOrder(...groups), { inbox }, [{ state: ahead > 0 ? "inbox_waiting" : "healthy", facts: {} }])
  })

const few = fc.integer({ min: 0, max: 2 })
const intent = fc.record({ kind: fc.constantFrom("rename", "close", "remove"), attempts: fc.constantFrom(0, 1) })
/** Facts that need not belong together. */
const nonsense = fc
  .array(
    fc.record<Partial<CapsuleGroup>>({
      phase: fc.constantFrom("member", "removed", "left", "must_rejoin"),
      isClosed: fc.boolean(),
      persons: fc.integer({ min: 0, max: 3 }),
      devices: fc.constant(0),
      server: fc.oneof(
        fc.constantFrom(null, "unknown" as const),
        fc.record({ ahead: fc.integer({ min: -2, max: 2 }), isLogShort: fc.boolean() }),
      ),
      pending: fc.option(
        fc.record({
          stage: fc.constantFrom("sending", "sent", "overtaken"),
          intents: fc.array(intent, { maxLength: 1 }),
        }),
      ),
      queued: fc.array(intent, { maxLength: 2 }),
      isLeaving: fc.boolean(),
      isHalting: fc.boolean(),
      heldTexts: few,
      parked: fc.array(fc.record({ epochsAhead: fc.integer({ min: -1, max: 2 }), envelopes: few }), { maxLength: 2 }),
      outbox: fc.record({ unsent: few, held: few }),
      failedTexts: few,
    }),
    { maxLength: 2 },
  )
  .map((groups) => capsuleWith(groups.map((facts) => groupWith([], facts))))

describe("replaying a capsule", () => {
  it.each(Object.keys(GROUPS))("leads to a group with this: %s", async (name) => {
    await expectSame(capsuleWith([GROUPS[name]!]))
  })

  it.each(Object.keys(PROFILES))("leads to a profile with this: %s", async (name) => {
    await expectSame(PROFILES[name]!)
  })

  it("leads to groups that are stuck in all these ways at once, but for a server that got no changes any more", async () => {
    const { "two histories": _, ...others } = GROUPS
    await expectSame(capsuleWith(inOrder(...Object.values(others))))
  })

  it.each([
    ["behind", "a change without an echo"],
    ["a change that came second", "a change that the server lost"],
    ["messages before their change", "texts without room"],
    ["two histories", "a server that is behind"],
    ["two histories", "texts that failed"],
    ["leaving", "texts that wait until somebody has left"],
  ])("leads to two groups with %s and %s", async (one, other) => {
    await expectSame(capsuleWith(inOrder(GROUPS[one]!, GROUPS[other]!)))
  })

  it("leads to a large group after a long time", async () => {
    const large = groupWith([{ state: "behind", facts: { epochsAhead: 8 } }], {
      persons: 32,
      devices: 32,
      server: { ahead: 8, isLogShort: false },
    })
    const there = { available: 64, isLow: false, hasLastResort: true, lastResortUses: 0 }
    const facts = { newestStored: "years", keyPackages: { kept: 64, valid: 64, there } } as const
    const inbox = { ahead: 64, isWaiting: true }
    await expectSame(capsuleWith([large], { ...facts, inbox }, [{ state: "inbox_waiting", facts: {} }]))
  })

  it("leads to any mixture of what waits here and there", async () => {
    await fc.assert(
      fc.asyncProperty(mixtures, (capsule) => expectSame(capsule)),
      { numRuns: 12, endOnFailure: true },
    )
  })

  it("returns, whatever a capsule says that is well-formed", async () => {
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(nonsense, async (capsule) => {
        seen.add((await replay(capsule)).kind)
      }),
      { numRuns: 30, endOnFailure: true },
    )
    expect(seen).toContain("broken_off")
  })

  it("has something to say of each state of the doctor: a history, or why there is none", () => {
    const capsules = [...Object.values(PROFILES), capsuleWith(Object.values(GROUPS))]
    const built = new Set(
      capsules.flatMap(({ findings, groups }) =>
        [findings, ...groups.map((group) => group.findings)].flat().map(({ state }) => state),
      ),
    )
    const told = [...built, ...Object.keys(UNBUILDABLE)]
    expect(told.toSorted()).toEqual(Object.keys(MEANINGS).toSorted())
  })

  it("says what differs where the facts do not belong together", async () => {
    const behind = groupWith([{ state: "healthy", facts: {} }], { server: { ahead: 2, isLogShort: false } })
    expect(await replay(capsuleWith([behind]))).toMatchObject({
      kind: "different",
      differences: [
        'groups[0].findings[0].state: "healthy", replayed "behind"',
        "groups[0].findings[0].facts.epochsAhead: nothing, replayed 2",
      ],
    })
  })

  it("says what it cannot build, and why", async () => {
    const invites = [{ kind: "invite", attempts: 0 }]
    const devices = groupWith([{ state: "healthy", facts: {} }], { devices: 16, queued: invites })
    const findings = [{ state: "certificate_expired" as const, facts: { code: "certificate_expired" } }]
    expect(await replay(capsuleWith([devices], {}, findings))).toEqual({
      kind: "not_buildable",
      obstacles: [
        { what: "certificate_expired", because: UNBUILDABLE.certificate_expired },
        { what: "group 1: several devices of our own", because: "the replay gives them to the others" },
        {
          what: "group 1: a change of kind invite",
          because: "the replay cannot wish for it without a connection",
        },
      ],
    })
  })
})
