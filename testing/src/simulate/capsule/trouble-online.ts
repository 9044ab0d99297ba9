import type { Change } from "@qpc/sdk"
import type { ServerLimits } from "@qpc/server/core"
import { toHex } from "@qpc/wire"
import type { GroupStory, History } from "./history.ts"
import { numberFor } from "./history.ts"
import { wish } from "./intents.ts"
import type { ReplayDevice } from "./replay-device.ts"
import { ReplayError } from "./replay-world.ts"

/** An inbox that takes nothing: commits go past it into the log, texts wait. */
const NO_ROOM = { queueDepth: 0 }
/** Looks at the server, 10 ms apart, before a commit counts as lost. */
const TRIES = 1000
/** Epochs of a group that stay readable after their end, in the histories in which texts come too late. */
export const PAST_EPOCHS = 1

/** Texts that are written while the group moves on without us, and offered when nobody could read them any more. */
export async function failTexts(history: History): Promise<void> {
  const stories = history.stories.filter(({ facts }) => facts.failedTexts > 0)
  if (stories.length === 0) return
  const { me, world } = history
  await world.during(me.open(), "we open")
  for (const { groupId, facts } of stories) {
    const group = me.client.conversation(toHex(groupId))
    for (let i = 0; i < numberFor(facts.failedTexts); i++) {
      await world.during(group.send(`too late ${i}`), "a text is written")
    }
  }
  await world.during(me.close(), "we close")
  for (const story of stories) {
    const host = hostOf(story)
    await history.online(host, async () => {
      for (let i = 0; i <= PAST_EPOCHS; i++) {
        await history.change(host, story, (theirs) => theirs.rename(`${story.name}, moved on ${i}`))
      }
    })
  }
  await history.online(me, async () => {})
}

/** Texts that come without the commits before them: the commits go past our inbox, and the server has lost its log of them. */
export async function parkTexts(history: History): Promise<void> {
  const stories = history.stories.filter(({ facts }) => facts.parked.length > 0)
  if (stories.length === 0) return
  const { restored, world, me } = history
  for (const story of stories) {
    restored.channels.set(toHex(story.groupId), world.server.storage.copy())
    let ahead = 0
    for (const { epochsAhead, envelopes } of story.facts.parked) {
      await changeBehindUs(history, story, epochsAhead - ahead)
      ahead = epochsAhead
      await writeToUs(history, story, numberFor(envelopes))
    }
  }
  await history.serve()
  await history.online(me, async () => {})
}

/** Somebody changes the group while no inbox has room: who is away hears of it from the log alone. */
export async function changeBehindUs(
  history: History,
  story: GroupStory,
  count: number,
  limits: { readonly commitLogEpochs?: number } = {},
): Promise<void> {
  const host = hostOf(story)
  for (let i = 0; i < count; i++) {
    await history.serve({ ...NO_ROOM, ...limits })
    await commitOnly(history, host, story, `${story.name}, behind us ${i}`)
    await history.serve(limits)
    await history.online(host, async () => {})
  }
}

/** A rename that the server has and that its author has not seen come back; or what was due in the group all the same. */
async function commitOnly(history: History, host: ReplayDevice, story: GroupStory, name: string): Promise<void> {
  const { world } = history
  const before = await history.serverEpoch(story)
  const isTaken = async (): Promise<boolean> => (await history.serverEpoch(story)) > before
  await history.connect(host)
  if (!(await isTaken())) {
    await world.during(host.client.conversation(toHex(story.groupId)).rename(name), "a rename")
  }
  for (let tries = 0; !(await isTaken()); tries++) {
    if (tries === TRIES) throw new ReplayError("the server never takes a commit")
    await world.pass(10)
  }
  await world.during(host.close(), "the host closes")
}

/** Texts of somebody else, in our inbox. */
export async function writeToUs(
  history: History,
  story: GroupStory,
  count: number,
  limits: Partial<ServerLimits> = {},
): Promise<void> {
  if (count <= 0) return
  const { world } = history
  await history.serve(limits)
  const host = hostOf(story)
  await history.online(host, async () => {
    const group = host.client.conversation(toHex(story.groupId))
    for (let i = 0; i < count; i++) await world.during(group.send(`hello ${i}`), "a text is written")
  })
}

/** Asks to be let go, while nobody is there to do it. */
export async function askToLeave(history: History): Promise<void> {
  const stories = history.stories.filter(({ facts }) => facts.isLeaving && facts.outbox.unsent === 0)
  if (stories.length === 0) return
  const { me, world } = history
  await history.online(me, async () => {
    for (const story of stories) {
      await world.during(me.client.conversation(toHex(story.groupId)).leave(hostOf(story).name), "we ask to leave")
    }
  })
}

/** Somebody else asks to leave: what we write then waits. */
export async function letOthersAsk(history: History): Promise<void> {
  const { me, world } = history
  for (const story of history.stories.filter(({ facts }) => facts.heldTexts > 0)) {
    const leaver = story.others.at(-1)
    if (leaver === undefined) continue
    const successor = story.others.length === 1 ? me : hostOf(story)
    await history.online(leaver, async () => {
      await world.during(
        leaver.client.conversation(toHex(story.groupId)).leave(successor.name),
        "somebody asks to leave",
      )
    })
    // What had no room must not find any now.
    await history.serve(NO_ROOM)
    await takeProposal(history)
    await history.serve()
  }
}

/** We begin to carry it out, and the program ends before the commit is on its way. */
async function takeProposal({ me, world }: History): Promise<void> {
  me.onDurable = (changes) => {
    if (changes.some(({ kind, collection }) => kind === "put" && collection === "outbox")) me.kill()
  }
  const client = await world.during(me.open(), "we open")
  client.connect()
  await world.until(() => !me.isRunning, "we carry out what somebody asked for, and the program ends")
  me.onDurable = () => {}
}

/**
 * The last moment of a connection: texts that find no room, and commits of which we hear that the server took them, or that another
 * was first, and then nothing more.
 */
export async function breakOff(history: History): Promise<void> {
  const holding = history.stories.filter(({ facts }) => facts.outbox.held > 0)
  const committing = history.stories.filter(({ facts: { pending } }) => pending !== null && pending.stage !== "sending")
  if (holding.length + committing.length === 0) return
  const { me, world } = history
  const before = world.server.storage.copy()
  await history.serve(NO_ROOM)
  await history.connect(me)
  for (const story of committing.filter(({ facts }) => facts.pending?.stage === "overtaken")) {
    await commitOnly(history, hostOf(story), story, `${story.name}, first`)
  }
  for (const { groupId, facts } of holding) {
    const group = me.client.conversation(toHex(groupId))
    for (let i = 0; i < numberFor(facts.outbox.held); i++) await world.during(group.send(`no room ${i}`), "a text")
    await history.settle(me)
  }
  if (committing.length > 0) await commitAndDie(history, committing)
  else await world.during(me.close(), "we close")
  // Nobody tells us of these commits until we are looked at; of those that the server lost, nobody does then.
  for (const { groupId } of committing) history.restored.channels.set(toHex(groupId), before)
  await history.serve()
}

/** All answers are on our disk when the program ends. */
async function commitAndDie({ me, world }: History, stories: readonly GroupStory[]): Promise<void> {
  let answers = 0
  me.onDurable = (changes: readonly Change[]) => {
    answers += changes.filter(({ kind, collection }) => kind === "delete" && collection === "outbox").length
    if (answers >= stories.length) me.kill()
  }
  for (const story of stories) {
    const [intent] = story.facts.pending?.intents ?? []
    const group = me.client.conversation(toHex(story.groupId))
    await world.during(wish(intent?.kind ?? "", group, story, 0), "we want a change")
  }
  await world.until(() => !me.isRunning, "the server answers, and the program ends")
  me.onDurable = () => {}
}

function hostOf({ others: [host], name }: GroupStory): ReplayDevice {
  if (host === undefined) throw new ReplayError(`nobody else is in ${name}`)
  return host
}
