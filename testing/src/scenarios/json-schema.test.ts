import { describe, expect, it } from "vitest"
import { violations } from "./json-schema.ts"
import type { Schema } from "./json-schema.ts"

const STEP: Schema = {
  $defs: { name: { type: "string", minLength: 1 } },
  oneOf: [
    {
      type: "object",
      additionalProperties: false,
      required: ["type", "client"],
      properties: { type: { const: "tick" }, client: { $ref: "#/$defs/name" } },
    },
    { type: "object", required: ["type"], properties: { type: { enum: ["deliver", "wait"] } } },
  ],
}

const found = (value: unknown, schema: Schema = STEP, files: Record<string, Schema> = {}) =>
  violations(value, schema, (name) => {
    const file = files[name]
    if (file === undefined) throw new Error(`no schema ${name}`)
    return file
  })

describe("a JSON schema", () => {
  it("lets through what fits exactly one form", () => {
    expect(found({ type: "tick", client: "alice" })).toEqual([])
    expect(found({ type: "wait" })).toEqual([])
  })

  it("names a step that there is not", () => {
    expect(found({ type: "teleport" })).toEqual(["/: fits 0 of the forms there are, not one (teleport)"])
  })

  it.each([
    { type: "tick" },
    { type: "tick", client: "" },
    { type: "tick", client: "alice", more: 1 },
    [],
    null,
    "tick",
  ])("refuses %j", (value) => {
    expect(found(value)).toHaveLength(1)
  })

  it.each([
    [{ type: "integer" }, 1.5],
    [{ minimum: 2 }, 1],
    [{ maximum: 2 }, 3],
    [{ minItems: 1 }, []],
    [{ uniqueItems: true }, ["a", "a"]],
    [{ minProperties: 1 }, {}],
    [{ items: { type: "string" } }, ["a", 1]],
    [{ additionalProperties: { type: "integer" } }, { a: "b" }],
    [{ anyOf: [{ required: ["a"] }, { required: ["b"] }] }, {}],
    [{ allOf: [{ type: "object" }, { required: ["a"] }] }, {}],
  ] as const)("knows %j", (schema, value) => {
    expect(found(value, schema)).toHaveLength(1)
  })

  it("follows references into other files, and back within them", () => {
    const files = { "other.json": { $defs: { step: { $ref: "#/$defs/word" }, word: { type: "string" } } } }
    expect(found("x", { $ref: "other.json#/$defs/step" }, files)).toEqual([])
    expect(found(1, { $ref: "other.json#/$defs/step" }, files)).toEqual(["/: is not of type string"])
  })

  it("does not pass a keyword that nobody checks", () => {
    expect(() => found("x", { format: "date" })).toThrow("format")
  })
})
