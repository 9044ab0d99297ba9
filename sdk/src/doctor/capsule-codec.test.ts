import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { CAPSULE_LIMITS, decodeCapsule, encodeCapsule } from "./capsule-codec.ts"
import { healthyGroup, healthyProfile } from "../testing/healthy-capsule.ts"
import type { Capsule } from "./capsule.ts"
import { CapsuleError } from "./json-shape.ts"
import { LEVELS, levelOf, offsetFromMs, offsetOf, OFFSETS } from "./coarse.ts"

const healthy: Capsule = {
  capsule: 1,
  versions: { program: "0.0.0", memberState: 4, schema: 3 },
  isSynchronised: false,
  findings: [{ state: "healthy", facts: {} }],
  profile: healthyProfile,
  groups: [healthyGroup],
}
const text = encodeCapsule(healthy)

/** Why a text is refused. */
function refusalOf(input: string): Pick<CapsuleError, "code" | "path"> | undefined {
  try {
    decodeCapsule(input)
    return undefined
  } catch (error) {
    if (!(error instanceof CapsuleError)) throw error
    return { code: error.code, path: error.path }
  }
}

const changed = (from: string, to: string): string => {
  expect(text).toContain(from)
  return text.replace(from, to)
}

describe("reading a capsule", () => {
  it("takes the line breaks of another system", () => {
    expect(decodeCapsule(text.replaceAll("\n", "\r\n"))).toEqual(healthy)
  })

  it.each([
    ["too_large", " ".repeat(CAPSULE_LIMITS.characters + 1)],
    ["too_deep", "[".repeat(CAPSULE_LIMITS.depth + 1)],
    ["too_deep", "[]".repeat(CAPSULE_LIMITS.containers + 1)],
    ["not_json", ""],
    ["not_json", text.slice(0, -3)],
    ["not_json", '"\\'],
    ["malformed", "null"],
    ["malformed", "[]"],
    ["unknown_version", '{"capsule":2}'],
    ["malformed", '{"capsule":1}'],
  ])("refuses as %s what is none", (code, input) => {
    expect(refusalOf(input)?.code).toBe(code)
  })

  it.each([
    ['"persons": 2', '"persons": 9', "groups[0].persons"],
    ['"persons": 2', '"persons": -1', "groups[0].persons"],
    ['"persons": 2', '"persons": 2.5', "groups[0].persons"],
    ['"persons": 2', '"persons": "2"', "groups[0].persons"],
    ['"group": 1', '"group": 2', "groups[0].group"],
    ['"ahead": 0', '"ahead": -65', "profile.inbox.ahead"],
    ['"newestStored": "minutes"', '"newestStored": "1774000000000"', "profile.newestStored"],
    ['"state": "healthy"', '"state": "alice"', "findings[0].state"],
    ['"facts": {}', '"facts": {"name": "alice"}', "findings[0].facts"],
    ['"facts": {}', '"facts": {"collection": "alice"}', "findings[0].facts.collection"],
    ['"program": "0.0.0"', '"program": "alice in wonderland"', "versions.program"],
    ['"queued": []', '"queued": [{"kind": "Rename it to this", "attempts": 0}]', "groups[0].queued[0].kind"],
    ['"isClosed": false,', "", "groups[0].isClosed"],
  ])("refuses %s as %s", (from, to, path) => {
    expect(refusalOf(changed(from, to))).toEqual({ code: "malformed", path })
  })

  it.each([
    ["a second value for a field", changed('"isClosed": false,', '"isClosed": true, "isClosed": false,')],
    ["another order of fields", changed('"persons": 2,\n      "devices": 2', '"devices": 2,\n      "persons": 2')],
    ["other spaces", text.replaceAll("  ", " ")],
    ["anything behind it", `${text}\n`],
    ["another form of a number", changed('"persons": 2', '"persons": 2.0')],
    ["another form of a word", changed('"minutes"', '"\\u006dinutes"')],
  ])("refuses %s", (_, input) => {
    expect(refusalOf(input)?.code).toBe("not_canonical")
  })

  it("refuses more groups than a capsule has", () => {
    const groups = Array.from({ length: CAPSULE_LIMITS.groups + 1 }, (_, at) => ({ ...healthyGroup, group: at + 1 }))
    expect(refusalOf(JSON.stringify({ ...healthy, groups }))).toEqual({ code: "malformed", path: "groups" })
  })

  it("repeats nothing that stands in the file", () => {
    const input = JSON.stringify({ ...healthy, "alice's secret": "of bob" })
    expect(() => decodeCapsule(input)).toThrow(/^not a capsule: malformed$/)
  })

  it("returns or refuses, whatever it is given", () => {
    const pieces = fc.constantFrom(...text.split(/(?<=[,{}[\]:\n])/), "null", "-0", "1e9", '"__proto__":', "{", "]")
    fc.assert(fc.property(fc.array(pieces, { maxLength: 60 }), (input) => void refusalOf(input.join(""))))
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(20), pieces, (at, length, piece) => {
        const input = text.slice(0, at) + piece + text.slice(at + length)
        if (refusalOf(input) === undefined) expect(encodeCapsule(decodeCapsule(input))).toBe(input)
      }),
    )
  })
})

describe("a level", () => {
  it("is never more than what it stands for, and is its own level", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), (count) => {
        const level = levelOf(count)
        expect(Math.abs(level)).toBeLessThanOrEqual(Math.abs(count))
        expect(LEVELS).toContain(Math.abs(level))
        expect(levelOf(level)).toBe(level)
      }),
    )
  })

  it.each(OFFSETS)("of a clock, %s, is what its smallest difference and a minute more is", (offset) => {
    const fromMs = offsetFromMs(offset)
    expect(offsetOf(fromMs + Math.sign(fromMs) * 60_000, 0)).toBe(offset)
  })
})
