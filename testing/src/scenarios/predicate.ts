import { toHex } from "@qpc/wire"
import type { Predicate } from "./scenario.ts"
import type { World } from "./world.ts"

/** Whether something is so at this moment. */
export function holds(world: World, predicate: Predicate): boolean {
  switch (predicate.type) {
    case "client_state": {
      const member = world.member(predicate.client)
      const isEpoch = predicate.epoch === undefined || world.epochOf(member) === predicate.epoch
      const isCount = predicate.member_count === undefined || member.shown.members().length === predicate.member_count
      return isEpoch && isCount
    }
    case "payload_count": {
      const { payloads } = world.client(predicate.client)
      return payloads.filter((payload) => payload === predicate.payload).length === predicate.count
    }
    case "clients_exactly_equivalent":
      return new Set(predicate.clients.map((label) => exactState(world, label))).size === 1
    case "no_pending_work":
      return predicate.clients.every((label) => !world.hasWork(label)) && world.network.queuedCount === 0
  }
}

/** Two clients with the same text are in the same epoch of the same group, with the same people and settings. */
export function exactState(world: World, label: string, group?: string): string {
  const member = world.member(label, group)
  const { shown } = member
  const people = shown.members().flatMap(({ identityKey, devices }) => {
    return devices.map(({ deviceKey, leafIndex }) => `${leafIndex}:${toHex(identityKey)}:${toHex(deviceKey)}`)
  })
  const authenticator = shown.isActive ? toHex(shown.epochAuthenticator) : label
  return [shown.epoch, shown.name, authenticator, ...people].join(" ")
}
