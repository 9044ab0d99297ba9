import { suite0001 } from "@qpc/crypto/node"
import { toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { Mesh } from "../testing/mesh.ts"
import type { MeshDevice } from "../testing/mesh.ts"
import { seededWords } from "../testing/seeded-random.ts"
import type { ServerlessOutgoing } from "./serverless-event.ts"
import { EQUALS } from "../testing/world.ts"

/** In the last two, one half makes more commits than can be taken back, and has forgotten the epoch that the other wrote in. */
const SEEDS = [...Array.from({ length: 20 }, (_, at) => at + 1), 129, 131]

/** Two halves of a group that do not hear of each other write and change things; then everybody meets everybody. */
function divided(seed: number) {
  const mesh = new Mesh(suite0001, seed)
  const members = mesh.group(5, EQUALS)
  const next = seededWords(seed)
  const halves = [members.slice(0, 2), members.slice(2)]
  const all: ServerlessOutgoing[] = []
  const written: string[] = []
  for (let act = 0; act < 14; act++) {
    const half = halves[next() % 2]!
    const device = half[next() % half.length]!
    const name = `${members.indexOf(device)}.${act}`
    const dice = next() % 8
    if (dice < 4) {
      device.text(name)
      written.push(name)
    } else if (dice === 4) device.send({ kind: "update_keys" })
    else if (dice === 5) device.send({ kind: "rename", name })
    else if (dice === 6) device.send({ kind: "set_timer", disappearAfterSeconds: 60 * (act + 1) })
    else device.restart()
    const made = device.publish()
    all.push(...made)
    // What is not carried at once comes when everybody meets.
    if (next() % 3 > 0) mesh.deliver(made, half)
  }
  mesh.settle(all, seed)
  return { members, written }
}

const view = ({ member }: MeshDevice) => [member.epoch, member.name, toHex(member.epochAuthenticator)].join(" ")
const shownBy = (device: MeshDevice, written: readonly string[], own: number) =>
  [...device.shown(), ...written.filter((text) => text.startsWith(`${own}.`))].toSorted()

describe("a divided group", () => {
  it.each(SEEDS)("comes together and shows each text once, seed %i", (seed) => {
    const { members, written } = divided(seed)
    expect(new Set(members.map(view)).size).toBe(1)
    for (const [at, device] of members.entries()) expect(shownBy(device, written, at)).toEqual(written.toSorted())
    expect(members.map(({ member }) => member.openIntentCount)).toEqual([0, 0, 0, 0, 0])
    expect(members.flatMap((device) => device.told("text_lost"))).toEqual([])
    expect(members.flatMap((device) => device.told("text_of_lost_branch"))).toEqual([])
  })
})
