import type { GroupEvent } from "../event.ts"
import type { Device } from "./device.ts"
import type { World } from "./world.ts"

/** Texts of one device, sealed and with the network. */
export function say(world: World, device: Device, ...texts: string[]): void {
  for (const text of texts) device.text(text)
  device.flush(world.service)
}

/** The network loses what waits for a device. */
export function lose(world: World, device: Device): void {
  world.service.inbox(device.inboxKey).length = 0
}

/** A commit of somebody, which all follow. */
export function nextEpoch(world: World, by: Device): void {
  by.send({ kind: "update_keys" })
  world.settle()
}

/** What people were told of gaps: `found 2-3 @1`, `delivered 2-3`. */
export const gapsOf = ({ events }: Device): string[] => events.flatMap(gapText)

function gapText(event: GroupEvent): string[] {
  if (event.kind !== "gap_found" && event.kind !== "gap_closed") return []
  const { from, to, firstEpoch, lastEpoch } = event
  const epochs = firstEpoch === lastEpoch ? `${firstEpoch}` : `${firstEpoch}-${lastEpoch}`
  const range = from === to ? `${from}` : `${from}-${to}`
  return [event.kind === "gap_found" ? `found ${range} @${epochs}` : `${event.outcome} ${range}`]
}
