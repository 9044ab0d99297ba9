import { toGroupId } from "@qpc/wire"
import type { Conversation } from "@qpc/sdk"
import type { CapsuleGroup } from "@qpc/sdk"
import type { GroupStory, History } from "./history.ts"
import type { ReplayDevice } from "./replay-device.ts"
import { ReplayError } from "./replay-world.ts"

/** Others need few key packages: nobody else invites them. */
const OTHERS_LIMITS = { keyPackageStock: 2, keyPackageLow: 1 }

/** Founds all groups of the capsule and invites everybody. Groups that we are out of are left or lost here, too. */
export async function foundGroups(history: History, groups: readonly CapsuleGroup[]): Promise<void> {
  const stories: GroupStory[] = []
  for (const facts of groups) stories.push(await gather(history, facts))
  history.stories = stories
  const { me, world } = history
  await history.connect(me)
  for (const story of stories) {
    const group = await world.during(me.client.createGroup(story.name), "a group is founded")
    story.groupId = toGroupId(group.id)
    await inviteAll(history, story, group)
    if (story === stories[0] && history.profile.newestStored !== "never") {
      await world.during(group.send("a first text"), "a text is written")
    }
  }
  await history.settle(me)
  for (const story of stories) await end(history, story)
  await history.settle(me)
  await world.during(me.close(), "we close")
  // The invitation must not expire.
  for (const { others } of stories) if (others[0] !== undefined) await history.online(others[0], async () => {})
  await restoreOurselves(history)
}

async function gather(history: History, facts: CapsuleGroup): Promise<GroupStory> {
  const { world } = history
  const others: ReplayDevice[] = []
  // Whoever the server has never heard of alone is alone; everybody else once had somebody to tell it.
  const count = isAlone(facts) ? othersToRemove(facts) : facts.persons - 1
  for (let i = 1; i <= count; i++) {
    const other = world.device(`group${facts.group}person${i}`)
    other.limits = OTHERS_LIMITS
    await other.enrol(world.server)
    await history.online(other, async () => {})
    others.push(other)
  }
  for (let i = 0; i < facts.devices - facts.persons; i++) {
    const owner = others[i % others.length]
    if (owner === undefined) throw new ReplayError("nobody else has devices")
    const device = world.device(`${owner.name}device${i}`)
    device.limits = OTHERS_LIMITS
    await link(history, owner, device)
  }
  return { facts, name: `group ${facts.group}`, groupId: toGroupId(new Uint8Array(16)), others }
}

/** Another device of somebody, which has been online once. */
async function link(history: History, owner: ReplayDevice, device: ReplayDevice): Promise<void> {
  const { world } = history
  const client = await world.during(device.open(), "a new device opens")
  const request = await world.during(client.requestLink(owner.name), "it shows who it is")
  await world.during(device.close(), "it closes")
  await history.online(owner, () => world.during(owner.client.approveDevice(request), "its person approves it"))
  await device.enrolSecond(world.server)
  await history.online(device, async () => {})
}

const isAlone = ({ persons }: CapsuleGroup): boolean => persons === 1

/** A group of one that the server knows had somebody else in it. */
const othersToRemove = ({ server, phase }: CapsuleGroup): number =>
  phase !== "member" || (server !== null && server !== "unknown") ? 1 : 0

async function inviteAll(history: History, story: GroupStory, group: Conversation): Promise<void> {
  const { world, me } = history
  const { others, facts } = story
  const [host] = others
  let last: string | undefined
  for (const { name } of others) {
    const { id } = await world.during(group.invite(name), "somebody is invited")
    last = id
  }
  if (host === undefined || last === undefined) return
  await world.during(group.waitAccepted(last), "everybody is in")
  await history.change(me, story, (ours) => ours.setRole(host.name, "admin"))
  if (isAlone(facts) && facts.phase === "member") await history.change(me, story, (ours) => ours.remove(host.name))
}

/** Plays how we got out of a group, or how the group was closed. */
async function end(history: History, story: GroupStory): Promise<void> {
  const { me, world } = history
  const { facts, others, name } = story
  const [host] = others
  if (facts.phase === "left" && host !== undefined) {
    await history.connect(host)
    const group = me.client.conversation(name)
    await world.during(group.leave(host.name), "we leave")
    await world.until(() => group.hasLeft, "somebody lets us go")
    await world.during(host.close(), "the host closes")
  }
  if (facts.phase === "removed" && host !== undefined) {
    await history.online(host, () => history.change(host, story, (theirs) => theirs.remove("me")))
  }
  if (facts.isClosed && facts.phase === "member") await history.change(me, story, (ours) => ours.close())
}

/** A profile that was copied goes on in one place and is used again in the other: the other is the one that is looked at. */
async function restoreOurselves(history: History): Promise<void> {
  const { me } = history
  const copied = history.stories.filter(({ facts }) => facts.phase === "must_rejoin")
  if (copied.length === 0) return
  const disk = { collections: new Map([...me.disk.collections].map(([name, rows]) => [name, new Map(rows)])) }
  await history.online(me, async () => {
    for (const story of copied) await history.change(me, story, (ours) => ours.rename(`${story.name}, in one place`))
  })
  me.disk = disk
  await history.online(me, async () => {})
}
