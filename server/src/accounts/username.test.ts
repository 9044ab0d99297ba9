import { describe, expect, it } from "vitest"
import { isUsername, usernameKey } from "./username.ts"

describe("a username", () => {
  it.each([
    "a",
    "alice",
    "Alice.B-c_9",
    "زهرة",
    "नमस्ते",
    "x".repeat(64),
    "山田タロウ",
    "김철수",
    "Ünal",
    "алиса7",
    "٣زهرة",
  ])("may be %s", (name) => {
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
    ["alice\ufe0f", "an invisible variation selector"],
    ["al\u034fice", "an invisible joiner"],
    ["alice\u3164", "an invisible letter"],
    ["\u0301alice", "a mark without its letter"],
    ["\u0430lice", "a Cyrillic letter among Latin ones"],
    ["\u03bfscar", "a Greek letter among Latin ones"],
    ["\u13aalice", "a Cherokee letter among Latin ones"],
    ["alice\u0661", "digits of another script"],
    ["𝒜", "a letter of no script"],
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
    ["زهرة\u06f1", "زهرة\u0661"],
  ])("%s is the same as %s", (one, other) => {
    expect(usernameKey(one)).toBe(usernameKey(other))
  })

  it("differs from other names", () => {
    expect(usernameKey("alice")).not.toBe(usernameKey("alicé"))
  })
})
