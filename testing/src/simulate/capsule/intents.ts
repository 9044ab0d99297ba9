import type { Conversation, Sent } from "@qpc/sdk"
import type { GroupStory } from "./history.ts"
import { ReplayError } from "./replay-world.ts"

type Wish = (group: Conversation, story: GroupStory, count: number) => Promise<Sent>

/** How each kind of change is wished for without a connection. Each time it has to be another one. */
const WISHES: Readonly<Record<string, Wish>> = {
  rename: (group, { name }, count) => group.rename(`${name}, ${count}`),
  set_timer: (group, _, count) => group.setTimer(3600 * (count + 1)),
  set_roles: (group, { others }, count) => group.setRole(last(others).name, count % 2 === 0 ? "moderator" : "admin"),
  remove: (group, { others }) => group.remove(last(others).name),
  update_keys: (group) => group.updateKeys(),
  close: (group) => group.close(),
}

/** What nobody wishes for: it is made when the keys of a group are old, or when somebody asks to be let go. */
export const UPKEEP = "upkeep"

/** The kinds of change that can be made without asking the server for anything. */
export const WISHED_KINDS: ReadonlySet<string> = new Set(Object.keys(WISHES))

/** @param count - how many there were before */
export function wish(kind: string, group: Conversation, story: GroupStory, count: number): Promise<Sent> {
  const made = WISHES[kind]
  if (made === undefined) throw new ReplayError(`nobody knows what is wished for: ${kind}`)
  return made(group, story, count)
}

function last<T>(items: readonly T[]): T {
  const item = items.at(-1)
  if (item === undefined) throw new ReplayError("there is nobody else")
  return item
}
