import { toHex } from "@qpc/wire"
import type { GroupStory, History } from "./history.ts"
import { numberFor } from "./history.ts"
import { UPKEEP, wish } from "./intents.ts"

/** Longer than keys are used, whoever made them. */
const TWO_MONTHS_MS = 60 * 24 * 3_600_000

/** By a clock that was ahead for a moment the time of our keys was over, and what followed from that stays. */
export async function jumpAhead({ me, world }: History): Promise<void> {
  if (!me.hasUpkeep) return
  me.skewMs = TWO_MONTHS_MS
  await world.during(me.open(), "we open by a clock that is ahead")
  await world.during(me.close(), "we close")
  me.skewMs = 0
}

/** Everything that we want and write without a connection. */
export async function writeOffline(history: History): Promise<void> {
  const { me, world } = history
  const busy = history.stories.filter(hasWishes)
  if (busy.length === 0) return
  await world.during(me.open(), "we open")
  for (const story of busy) await writeInGroup(history, story)
  await world.during(me.close(), "we close")
}

const isLeavingOffline = ({ facts }: GroupStory): boolean => facts.isLeaving && facts.outbox.unsent > 0

function hasWishes(story: GroupStory): boolean {
  const { pending, queued, heldTexts, outbox } = story.facts
  return pending?.stage === "sending" || queued.length > 0 || heldTexts > 0 || outbox.unsent > 0
}

async function writeInGroup({ me, world }: History, story: GroupStory): Promise<void> {
  const { pending, queued, heldTexts, outbox } = story.facts
  const group = me.client.conversation(toHex(story.groupId))
  for (let i = 0; i < numberFor(heldTexts); i++) await world.during(group.send(`held ${i}`), "a text is held")
  const sending = pending?.stage === "sending" ? pending.intents.slice(0, 1) : []
  const kinds = [...sending, ...queued].flatMap(({ kind }) => (kind === UPKEEP ? [] : [kind]))
  for (const [count, kind] of kinds.entries()) await world.during(wish(kind, group, story, count + 1), "a change")
  const isLeaving = isLeavingOffline(story)
  const others = (pending?.stage === "sending" ? 1 : 0) + (isLeaving ? 1 : 0)
  for (let i = 0; i < numberFor(outbox.unsent) - others; i++) {
    await world.during(group.send(`written offline ${i}`), "a text is written")
  }
  if (isLeaving) await world.during(group.leave(story.others[0]?.name), "we ask to leave")
}
