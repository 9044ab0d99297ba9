import { MemoryStorage } from "@qpc/server/core"
import { toHex } from "@qpc/wire"
import type { GroupStory, History } from "./history.ts"
import { numberFor } from "./history.ts"
import { changeBehindUs, writeToUs } from "./trouble-online.ts"

/**
 * The operator puts an older copy back and goes on with it: of an epoch that we have seen, the server then signs another head, and what
 * somebody else writes shows it to us.
 */
export async function showTwoHistories(history: History): Promise<void> {
  const { me, world } = history
  const stories = history.stories.filter(({ facts }) => facts.isHalting)
  if (stories.length === 0) return
  const copy = world.server.storage.copy()
  await history.online(me, async () => {
    for (const story of stories) await history.change(me, story, (ours) => ours.rename(`${story.name}, forgotten`))
  })
  world.server.storage = copy
  await history.serve()
  for (const story of stories) await changeBehindUs(history, story, 1)
  // Our inbox counts from where it was, so that as many envelopes are nothing new to us.
  for (const story of stories) await writeToUs(history, story, stories.length + 1)
  await history.online(me, async () => {})
}

/** Groups that the server has from an older copy. */
export async function forgetGroups(history: History): Promise<void> {
  const { restored, world, me } = history
  const old = history.stories.filter((story) => aheadOf(story) < 0)
  for (const story of old) {
    const id = toHex(story.groupId)
    const copy = world.server.storage.copy()
    await history.online(me, async () => {
      for (let i = 0; i < -aheadOf(story); i++) {
        await history.change(me, story, (ours) => ours.rename(`${story.name}, forgotten ${i}`))
      }
    })
    restored.channels.set(id, copy)
  }
}

/** A server that has us, and no groups. */
async function emptyDisk({ world, me }: History): Promise<MemoryStorage> {
  const account = await world.server.storage.accountByIdentity(me.key)
  if (account === undefined) throw new Error("unreachable: we have an account")
  const disk = new MemoryStorage()
  await disk.createAccount(account)
  return disk
}

/** The server loses groups; others change groups while we are away, and what was lost on the way to us is at the server again where the capsule says so. */
export async function changeGroups(history: History): Promise<void> {
  const { restored, me } = history
  for (const story of history.stories) {
    const ahead = aheadOf(story)
    const { server, persons } = story.facts
    if (server === "unknown" && persons > 1) restored.channels.set(toHex(story.groupId), await emptyDisk(history))
    if (ahead <= 0 || server === null || server === "unknown") continue
    const isShort = server.isLogShort
    const there = await history.serverEpoch(story)
    const here = await epochHere(history, story)
    await changeBehindUs(history, story, numberFor(ahead) - (there - here), isShort ? { commitLogEpochs: 1 } : {})
    restored.channels.delete(toHex(story.groupId))
    if (story.facts.rejoin?.cause === "not_followed") restored.damaged.add(toHex(story.groupId))
  }
  await history.serve()
  if (me.isRunning) throw new Error("unreachable: we are away")
}

/** The epoch that is on our disk. */
async function epochHere({ me, world }: History, { groupId }: GroupStory): Promise<number> {
  const disk = { collections: new Map([...me.disk.collections].map(([name, rows]) => [name, new Map(rows)])) }
  const ours = me.disk
  me.disk = disk
  try {
    const client = await world.during(me.open(), "a copy of us opens")
    const { epoch } = client.conversation(toHex(groupId))
    await world.during(me.close(), "the copy closes")
    return Number(epoch)
  } finally {
    me.disk = ours
  }
}

const aheadOf = ({ facts: { server } }: GroupStory): number =>
  server === null || server === "unknown" ? 0 : server.ahead
