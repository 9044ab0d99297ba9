import { changeGroup, GROUP, NAME_LIMIT, USERNAME } from "../change-group.ts"
import type { Command, CommandContext, CommandValues } from "../command.ts"
import { durationText, parseDuration } from "../duration.ts"
import { openProfile } from "../open.ts"
import { aRole, parseRole } from "../role-text.ts"
import { parseSuite, suiteName } from "../suite-text.ts"
import { groupText, hex, personText } from "../text.ts"
import { UsageError } from "../usage-error.ts"

/** Gives a group another name. */
export const rename: Command = {
  name: "rename",
  summary: "give a group another name; admins may",
  arguments: [GROUP, { name: "name", description: "what its members will call it; the server does not learn it" }],
  options: [],
  examples: ["qpc rename friends family"],
  async run(context, values) {
    const name = values.text("name")
    if (name === "" || name.length > NAME_LIMIT)
      throw new UsageError(`A group's name has 1 to ${NAME_LIMIT} characters.`)
    await changeGroup(context, values, async (group) => {
      const was = groupText(group)
      const sent = await group.rename(name)
      return { sent, result: { name }, line: () => `${was} is called ${groupText(group)} now.` }
    })
  },
}

/** Lets messages disappear. */
export const timer: Command = {
  name: "timer",
  summary: "let messages disappear so long after they were read, from all devices; admins may",
  arguments: [GROUP, { name: "time", description: "such as 30s, 5m, 1h, 1d or 2w, at most 366d; or off" }],
  options: [],
  examples: ["qpc timer friends 1d", "qpc timer friends off"],
  async run(context, values) {
    const disappearAfterSeconds = parseDuration(values.text("time"))
    await changeGroup(context, values, async (group) => {
      const sent = await group.setTimer(disappearAfterSeconds)
      const what =
        disappearAfterSeconds === 0 ? "stay" : `disappear ${durationText(disappearAfterSeconds)} after they were read`
      return {
        sent,
        result: { disappearAfterSeconds },
        line: () => `Messages that are sent to ${groupText(group)} from now on ${what}.`,
      }
    })
  },
}

/** Makes a stolen copy of this device's keys useless for what comes. */
export const updateKeys: Command = {
  name: "update-keys",
  summary: "replace your keys in a group, at once, if somebody may have seen this device; monthly by itself",
  arguments: [GROUP],
  options: [],
  examples: ["qpc update-keys friends"],
  async run(context, values) {
    await changeGroup(context, values, async (group) => {
      const sent = await group.updateKeys()
      return { sent, result: { updated: true }, line: () => `Your keys in ${groupText(group)} are new.` }
    })
  },
}

/** Leads a group into another cipher suite. */
export const changeSuite: Command = {
  name: "change-suite",
  summary: "let a group go on with another cipher suite, such as the post-quantum one; admins may",
  arguments: [
    GROUP,
    { name: "suite", description: "x-wing, which also holds against quantum computers; there is no way back from it" },
  ],
  options: [],
  examples: ["qpc change-suite friends x-wing"],
  async run(context, values) {
    const suiteId = parseSuite(values.text("suite"))
    await changeGroup(context, values, async (group) => {
      const sent = await group.changeSuite(suiteId)
      const line = (): string =>
        `${groupText(group)} goes on with ${suiteName(suiteId)}: the same people, with new keys.`
      return { sent, result: { suite: suiteName(suiteId), suiteId }, line }
    })
  },
}

/** Lists who may do what; needs no server. */
export const roles: Command = {
  name: "roles",
  summary: "list the roles of a group's members",
  arguments: [GROUP],
  options: [],
  examples: ["qpc roles friends"],
  async run(context, values) {
    await using opened = await openProfile(context)
    const group = opened.client.conversation(values.text("group"))
    const people = group.roles()
    context.output.result(
      {
        groupId: hex(group.id),
        isClosed: group.isClosed,
        roles: people?.map(({ person, role }) => {
          return { username: person.username, identityKey: hex(person.identityKey), role }
        }),
      },
      ...(group.isClosed ? ["The group is closed: nobody can write in it any more."] : []),
      ...(people?.map(({ person, role }) => `${personText(person)}  ${role}`) ?? [
        "This group is older than roles: everybody may do everything.",
      ]),
    )
  },
}

/** Lets somebody do more. */
export const promote: Command = {
  name: "promote",
  summary: "make someone a moderator, who may remove people, or an admin, who may do everything",
  arguments: [GROUP, USERNAME, { name: "role", description: "moderator or admin (default admin)", isOptional: true }],
  options: [],
  examples: ["qpc promote friends bob", "qpc promote friends bob moderator"],
  run: (context, values) => setRole(context, values, "admin"),
}

/** Lets somebody do less. */
export const demote: Command = {
  name: "demote",
  summary: "take a role from someone",
  arguments: [GROUP, USERNAME, { name: "role", description: "member or moderator (default member)", isOptional: true }],
  options: [],
  examples: ["qpc demote friends bob"],
  run: (context, values) => setRole(context, values, "member"),
}

/** Ends a group. */
export const close: Command = {
  name: "close",
  summary: "end a group for everybody and for ever; it stays readable. Admins may",
  arguments: [GROUP],
  options: [],
  examples: ["qpc close friends"],
  async run(context, values) {
    await changeGroup(context, values, async (group) => {
      const sent = await group.close()
      return {
        sent,
        result: { closed: true },
        line: () => `${groupText(group)} is closed: nobody can write in it any more.`,
      }
    })
  },
}

async function setRole(context: CommandContext, values: CommandValues, fallback: string): Promise<void> {
  const username = values.text("username")
  const role = parseRole(values.optionalText("role") ?? fallback)
  await changeGroup(context, values, async (group) => {
    const sent = await group.setRole(username, role)
    return { sent, result: { username, role }, line: () => `${username} is ${aRole(role)} of ${groupText(group)} now.` }
  })
}
