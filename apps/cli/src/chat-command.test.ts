import type { Conversation } from "@qpc/sdk"
import { describe, expect, it } from "vitest"
import { chatCommand } from "./chat-command.ts"
import { UsageError } from "./usage-error.ts"

/** A group that writes down what it is asked for. */
function listening() {
  const asked: string[][] = []
  const sent = Promise.resolve({ id: "1", state: "stored" } as const)
  const group: Pick<Conversation, "rename" | "setRole" | "setTimer" | "updateKeys" | "leave"> = {
    rename: (name) => (asked.push(["rename", name]), sent),
    setTimer: (seconds) => (asked.push(["timer", String(seconds)]), sent),
    updateKeys: () => (asked.push(["update keys"]), sent),
    leave: (successor) => (asked.push(["leave", ...(successor === undefined ? [] : [successor])]), sent),
    setRole: (username, role) => (asked.push([username, role]), sent),
  }
  return { asked, group: group as Conversation }
}

describe("a line of a chat", () => {
  it.each([
    ["/rename our garden", ["rename", "our garden"]],
    ["/promote bob", ["bob", "admin"]],
    ["/promote bob moderator", ["bob", "moderator"]],
    ["/demote  bob ", ["bob", "member"]],
    ["/demote bob moderator", ["bob", "moderator"]],
    ["/timer 1d", ["timer", "86400"]],
    ["/timer off", ["timer", "0"]],
    ["/update-keys", ["update keys"]],
    ["/leave", ["leave"]],
    ["/leave bob", ["leave", "bob"]],
  ])("that is a command is done: %s", async (line, done) => {
    const { asked, group } = listening()
    await chatCommand(group, line)
    expect(asked).toEqual([done])
  })

  it.each(["hello", "/renamed it", "//", "/me waves", " rename x"])("that is none is a text: %s", (line) => {
    expect(chatCommand(listening().group, line)).toBeUndefined()
  })

  it.each([
    "/rename",
    "/promote",
    "/promote bob king",
    "/demote bob member now",
    "/leave bob carol",
    "/timer",
    "/timer soon",
    "/update-keys of bob",
  ])("is refused: %s", (line) => {
    const { asked, group } = listening()
    expect(() => chatCommand(group, line)).toThrow(UsageError)
    expect(asked).toEqual([])
  })
})
