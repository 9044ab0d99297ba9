import { changeGroup, GROUP, NAME_LIMIT, USERNAME } from "../change-group.ts"
import type { Command } from "../command.ts"
import { reportSync } from "../delivery.ts"
import { EXIT_CODES } from "../exit-code.ts"
import { openProfile } from "../open.ts"
import { suiteName } from "../suite-text.ts"
import { countText, groupText, hex, personText } from "../text.ts"
import { UsageError } from "../usage-error.ts"
import { waitOption } from "../wait-option.ts"

/** Starts a group. */
export const createGroup: Command = {
  name: "create-group",
  summary: "start a group with only you in it",
  arguments: [{ name: "name", description: "what its members will call it; the server does not learn it" }],
  options: [],
  examples: ["qpc create-group friends"],
  async run(context, values) {
    const name = values.text("name")
    if (name === "" || name.length > NAME_LIMIT)
      throw new UsageError(`A group's name has 1 to ${NAME_LIMIT} characters.`)
    await using opened = await openProfile(context)
    const group = await opened.client.createGroup(name)
    context.output.result(
      { groupId: hex(group.id), name: group.name },
      `Created ${groupText(group)} (${hex(group.id).slice(0, 8)}). Invite someone: qpc invite ${JSON.stringify(groupText(group))} USERNAME`,
    )
  },
}

/** Adds somebody. */
export const invite: Command = {
  name: "invite",
  summary: "add someone to a group",
  arguments: [GROUP, USERNAME],
  options: [],
  examples: ["qpc invite friends bob"],
  async run(context, values) {
    const username = values.text("username")
    await changeGroup(context, values, async (group) => {
      const sent = await group.invite(username)
      return {
        sent,
        result: { invited: username },
        line: () => `${username} is now in ${groupText(group)}. They see it after: qpc join`,
      }
    })
  },
}

/** Removes somebody. */
export const remove: Command = {
  name: "remove",
  summary: "remove someone from a group; they cannot read what is sent afterwards",
  arguments: [GROUP, USERNAME],
  options: [],
  examples: ["qpc remove friends bob"],
  async run(context, values) {
    const username = values.text("username")
    await changeGroup(context, values, async (group) => {
      const sent = await group.remove(username)
      return { sent, result: { removed: username }, line: () => `${username} is no longer in ${groupText(group)}.` }
    })
  },
}

/** Takes up invitations. */
export const join: Command = {
  name: "join",
  summary: "take up invitations that wait for you",
  arguments: [{ name: "group", description: "wait for this one; without it, for any", isOptional: true }],
  options: [{ flags: "--wait <seconds>", description: "wait so long for an invitation; 0 only looks (default 30)" }],
  examples: ["qpc join", "qpc join friends --wait 300"],
  async run(context, values) {
    await using opened = await openProfile(context)
    const { client } = opened
    const wanted = values.optionalText("group")
    const known = new Set(client.conversations().map((group) => hex(group.id)))
    const isThere = (): boolean =>
      client.conversations().some((group) => (wanted === undefined ? !known.has(hex(group.id)) : group.name === wanted))
    const report = isThere()
      ? await client.sync({ signal: context.signal })
      : await client.sync({ ...waitOption(values), signal: context.signal, until: isThere })
    const groups = client
      .conversations()
      .filter((group) => (wanted === undefined ? !known.has(hex(group.id)) : group.name === wanted))
    reportSync(context.output, client, report)
    context.output.result(
      { joined: groups.map((group) => ({ groupId: hex(group.id), name: group.name })) },
      groups.length === 0
        ? "No invitation is waiting. Ask to be invited, then run this again."
        : groups
            .map((group) => `You are in ${groupText(group)} with ${countText(group.members().length - 1, "other")}.`)
            .join("\n"),
    )
    if (groups.length === 0) process.exitCode = EXIT_CODES.notFound
  },
}

/** How somebody stands in a group. */
function standing(group: {
  readonly isMember: boolean
  readonly isLeaving: boolean
  readonly hasLeft: boolean
  readonly members: number
}): string {
  if (!group.isMember) return group.hasLeft ? "you left" : "you were removed"
  return `${countText(group.members, "member")}${group.isLeaving ? ", you are leaving" : ""}`
}

/** Lists the groups of this profile; needs no server. */
export const list: Command = {
  name: "list",
  summary: "list your groups",
  arguments: [],
  options: [],
  examples: [],
  async run(context) {
    await using opened = await openProfile(context)
    const groups = opened.client.conversations().map((group) => ({
      groupId: hex(group.id),
      name: group.name,
      epoch: Number(group.epoch),
      suite: suiteName(group.suiteId),
      members: group.members().length,
      isMember: group.isMember,
      isLeaving: group.isLeaving,
      hasLeft: group.hasLeft,
    }))
    const damaged = opened.client.damagedGroups().map(({ id, damage, nextStep }) => {
      return { groupId: hex(id), damage, nextStep }
    })
    const lines = groups.map((group) => `${groupText(group)} (${group.groupId.slice(0, 8)}), ${standing(group)}`)
    const isNew = groups.length + damaged.length === 0
    context.output.result({ groups, damaged }, ...(isNew ? ["No groups yet: qpc create-group NAME"] : lines))
  },
}

/** Lists who is in a group; needs no server. */
export const members: Command = {
  name: "members",
  summary: "list who is in a group",
  arguments: [GROUP],
  options: [],
  examples: ["qpc members friends"],
  async run(context, values) {
    await using opened = await openProfile(context)
    const group = opened.client.conversation(values.text("group"))
    context.output.result(
      {
        groupId: hex(group.id),
        epoch: Number(group.epoch),
        epochAuthenticator: hex(group.epochAuthenticator),
        members: group.members().map((person) => ({ username: person.username, identityKey: hex(person.identityKey) })),
      },
      ...group.members().map((person) => `${personText(person)}  ${hex(person.identityKey)}`),
    )
  },
}
