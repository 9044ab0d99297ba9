import type { Conversation, Sent } from "@qpc/sdk"
import { parseDuration } from "./duration.ts"
import { parseRole } from "./role-text.ts"
import { UsageError } from "./usage-error.ts"

/** What can be typed in a chat, for those who look for it. */
export const CHAT_COMMANDS =
  "/rename NAME, /promote USERNAME [ROLE], /demote USERNAME [ROLE], /timer TIME|off, /update-keys, /leave [SUCCESSOR], /quit"

const COMMAND = /^\/(rename|promote|demote|timer|update-keys|leave)(?: +(.*))?$/

/**
 * Does what a line asks for that is a command; `undefined` for every other line, which is a text.
 *
 * @throws UsageError for a command with the wrong words
 */
export function chatCommand(group: Conversation, line: string): Promise<Sent> | undefined {
  const [, command, rest = ""] = COMMAND.exec(line.trim()) ?? []
  if (command === undefined) return undefined
  if (command === "rename") {
    if (rest === "") throw usage()
    return group.rename(rest)
  }
  if (command === "timer") return group.setTimer(parseDuration(rest.trim()))
  if (command === "update-keys") {
    if (rest !== "") throw usage()
    return group.updateKeys()
  }
  if (command === "leave") {
    const [successor, ...others] = rest.split(/ +/).filter((word) => word !== "")
    if (others.length > 0) throw usage()
    return group.leave(successor)
  }
  const [username, role = command === "promote" ? "admin" : "member", ...more] = rest.split(/ +/)
  if (username === undefined || username === "" || more.length > 0) throw usage()
  return group.setRole(username, parseRole(role))
}

const usage = (): UsageError => new UsageError("These words do not go together.", `There is: ${CHAT_COMMANDS}`)
