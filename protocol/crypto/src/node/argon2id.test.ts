import { toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { argon2id } from "./argon2id.ts"

const cost = { memoryKiB: 64, passes: 1, parallelism: 1, lengthBytes: 32 }
const salt = new Uint8Array(16).fill(1)

describe("Argon2id", () => {
  it("gives the same key for the same password, salt and cost", () => {
    expect(argon2id(toUtf8("secret"), salt, cost)).toEqual(argon2id(toUtf8("secret"), salt, cost))
    expect(argon2id(toUtf8("secret"), salt, { ...cost, lengthBytes: 100 })).toHaveLength(100)
  })

  it.each([
    ["password", () => argon2id(toUtf8("Secret"), salt, cost)],
    ["salt", () => argon2id(toUtf8("secret"), new Uint8Array(16), cost)],
    ["memory", () => argon2id(toUtf8("secret"), salt, { ...cost, memoryKiB: 65 + 7 })],
    ["passes", () => argon2id(toUtf8("secret"), salt, { ...cost, passes: 2 })],
    ["parallelism", () => argon2id(toUtf8("secret"), salt, { ...cost, parallelism: 2 })],
    ["secret", () => argon2id(toUtf8("secret"), salt, { ...cost, secret: toUtf8("pepper") })],
    ["associated data", () => argon2id(toUtf8("secret"), salt, { ...cost, associatedData: toUtf8("data") })],
  ])("gives another key for another %s", (_, derive) => {
    expect(derive()).not.toEqual(argon2id(toUtf8("secret"), salt, cost))
  })

  it("takes an empty password", () => {
    expect(argon2id(new Uint8Array(0), salt, cost)).toHaveLength(32)
  })

  it.each([
    ["memory below 8 KiB for each lane", { memoryKiB: 15, parallelism: 2 }],
    ["no passes", { passes: 0 }],
    ["no lanes", { parallelism: 0 }],
    ["a key below 4 bytes", { lengthBytes: 3 }],
    ["half a pass", { passes: 1.5 }],
    ["no number", { memoryKiB: Number.NaN }],
  ])("refuses %s", (_, change) => {
    expect(() => argon2id(toUtf8("secret"), salt, { ...cost, ...change })).toThrow(RangeError)
  })

  it("refuses a salt below 8 bytes", () => {
    expect(() => argon2id(toUtf8("secret"), new Uint8Array(7), cost)).toThrow(RangeError)
  })
})
