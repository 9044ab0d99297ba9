import { describe, expect, it } from "vitest"
import { isUsername, usernameKey } from "./username.ts"

describe("a username", () => {
  it.each(["a", "alice", "Alice.B-c_9", "زهرة", "नमस्ते", "x".repeat(64)])("may be %s", (name) => {
    expect(isUsername(name)).toBe(true)
  })

  it.each([
    ["", "empty"],
    ["x".repeat(65), "too long"],
    ["a b", "a space"],
    ["a/b", "a slash"],
    ["a@b", "an at sign"],
    ["e\u0301", "not NFC"],
    ["a\u200bb", "an invisible character"],
    ["a\n", "a line end"],
    ["🙂", "not a letter"],
    ["½", "not a decimal digit"],
  ])("may not be %j: %s", (name) => {
    expect(isUsername(name)).toBe(false)
  })

  it.each([
    ["Alice", "alice"],
    ["straße", "STRASSE"],
    ["ΟΔΟΣ", "οδος"],
    ["ａｌｉｃｅ", "alice"],
    ["ﬁn", "fin"],
  ])("%s is the same as %s", (one, other) => {
    expect(usernameKey(one)).toBe(usernameKey(other))
  })

  it("differs from other names", () => {
    expect(usernameKey("alice")).not.toBe(usernameKey("alicé"))
  })
})
