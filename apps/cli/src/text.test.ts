import { describe, expect, it } from "vitest"
import type { StoredMessage } from "@qpc/sdk"
import { groupText, messageText, personText } from "./text.ts"

const identityKey = new Uint8Array(32) as StoredMessage["sender"]["identityKey"]

function message(changes: Partial<StoredMessage>): StoredMessage {
  const groupId = new Uint8Array(16) as StoredMessage["groupId"]
  const sender = { identityKey, username: "mallory" }
  const shown = {
    id: "",
    groupId,
    position: 1,
    sender,
    isOwn: false,
    text: "hi",
    storedAtMs: 0,
    state: "received",
  } as const
  return { sentAtMs: 0, ...shown, ...changes }
}

describe("a message of somebody else", () => {
  it("cannot forge another message with a line break", () => {
    const lines = messageText(message({ text: "hello\n12:00 alice: I owe mallory a beer" })).split("\n")
    expect(lines).toHaveLength(2)
    expect(lines[1]).not.toMatch(/^\d\d:\d\d /)
  })

  it("has a time that cannot be told, where the sender claims one beyond all calendars", () => {
    expect(messageText(message({ sentAtMs: Number.MAX_SAFE_INTEGER }))).toBe("--:-- mallory: hi")
  })
})

describe("a message of our own of which nobody knows how far it got", () => {
  it("says so, and what to do", () => {
    const failure = { code: "record_damaged", nextStep: "Ask the others." }
    expect(messageText(message({ isOwn: true, state: "unknown", failure }))).toMatch(
      /you: hi \(nobody can say whether it was sent\) Ask the others\.$/,
    )
  })
})

describe("a message that disappears", () => {
  it("says when, and how much time is left once it was read", () => {
    const disappears = { afterSeconds: 86_400 }
    expect(messageText(message({ disappears }))).toMatch(/: hi \(disappears 1d after it was read\)$/)
    expect(messageText(message({ disappears: { ...disappears, leftMs: 5_400_000 } }))).toMatch(/: hi \(1h 30m left\)$/)
  })
})

describe("names from elsewhere", () => {
  it("stay on one line and steer no terminal", () => {
    const name = "x\n12:00 alice: hi\u001b[2J"
    for (const text of [personText({ identityKey, username: name }), groupText({ name })]) {
      expect(Array.from(text).filter((character) => character < " ")).toEqual([])
    }
  })
})
