import { encodeCbor } from "@qpc/wire"
import type { CborValue } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import {
  CAPABILITIES_EXTENSION,
  capabilitiesExtension,
  FEATURE_MAX_CHARACTERS,
  FEATURES_MAX,
  REQUIREMENTS_EXTENSION,
  requirementsExtension,
  requirementsOf,
  signedCapabilities,
  unmetRequirements,
} from "./capabilities-extension.ts"

const written = (extensionType: number, entries: [string, CborValue][]) => [
  { extensionType, extensionData: encodeCbor(new Map(entries)) },
]
const named = (features: readonly string[]) => () => capabilitiesExtension({ versions: [2, 2], features })
const capabilities = { versions: [1, 3], features: ["gbp/class-a", "x"] } as const

describe("what a leaf says that its member can do", () => {
  it("is read as it was written, each feature once", () => {
    const { extensionType, extensionData } = capabilitiesExtension({
      versions: [1, 3],
      features: ["x", "gbp/class-a", "x"],
    })
    expect(signedCapabilities([{ extensionType, extensionData }])).toEqual(capabilities)
  })

  it("is version 2 and no more where it says nothing", () => {
    expect(signedCapabilities([])).toEqual({ versions: [2, 2], features: [] })
    expect(requirementsOf([])).toEqual({ version: 2, features: [] })
  })

  it.each<[string, [string, CborValue][]]>([
    [
      "no range",
      [
        ["min", 3],
        ["max", 2],
        ["features", []],
      ],
    ],
    [
      "version 0",
      [
        ["min", 0],
        ["max", 2],
        ["features", []],
      ],
    ],
    [
      "features in another order",
      [
        ["min", 2],
        ["max", 2],
        ["features", ["b", "a"]],
      ],
    ],
    [
      "a feature twice",
      [
        ["min", 2],
        ["max", 2],
        ["features", ["a", "a"]],
      ],
    ],
    [
      "a feature that is no text",
      [
        ["min", 2],
        ["max", 2],
        ["features", [1]],
      ],
    ],
    [
      "a feature that is too long",
      [
        ["min", 2],
        ["max", 2],
        ["features", ["x".repeat(FEATURE_MAX_CHARACTERS + 1)]],
      ],
    ],
    [
      "too many",
      [
        ["min", 2],
        ["max", 2],
        ["features", Array.from({ length: FEATURES_MAX + 1 }, (_, at) => `f${100 + at}`)],
      ],
    ],
    [
      "a field too many",
      [
        ["min", 2],
        ["max", 2],
        ["features", []],
        ["more", 1],
      ],
    ],
  ])("is not read from %s", (_, entries) => {
    expect(signedCapabilities(written(CAPABILITIES_EXTENSION, entries))).toBe("malformed")
  })

  it("is not written above the limits", () => {
    expect(named(Array.from({ length: FEATURES_MAX + 1 }, (_, at) => `${at}`))).toThrow(RangeError)
    expect(named(["x".repeat(FEATURE_MAX_CHARACTERS + 1)])).toThrow(RangeError)
    expect(named(["\ud800"])).toThrow(RangeError)
    expect(() => capabilitiesExtension({ versions: [2, 1], features: [] })).toThrow(RangeError)
    expect(() => capabilitiesExtension({ versions: [0, 1], features: [] })).toThrow(RangeError)
    expect(() => requirementsExtension({ version: 256, features: [] })).toThrow(RangeError)
  })
})

describe("what a group demands", () => {
  it("is read as it was written", () => {
    const demands = { version: 2, features: ["a", "b"] }
    expect(requirementsOf([requirementsExtension(demands)])).toEqual(demands)
    expect(
      requirementsOf(
        written(REQUIREMENTS_EXTENSION, [
          ["version", 0],
          ["features", []],
        ]),
      ),
    ).toBe("malformed")
  })

  it("is met by whoever has all of it", () => {
    expect(unmetRequirements({ version: 2, features: ["x"] }, capabilities)).toEqual([])
  })

  it.each([1, 2, 3])("is met by versions from the lowest to the highest (%d)", (version) => {
    expect(unmetRequirements({ version, features: [] }, capabilities)).toEqual([])
  })

  it("names what somebody lacks", () => {
    expect(unmetRequirements({ version: 4, features: ["x", "y"] }, capabilities)).toEqual(["version 4", "y"])
    expect(unmetRequirements({ version: 1, features: [] }, { versions: [2, 2], features: [] })).toEqual(["version 1"])
  })
})
