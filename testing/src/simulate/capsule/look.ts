import { capsuleOf, offsetFromMs, withFindings } from "@qpc/sdk"
import type { Capsule, Diagnosis } from "@qpc/sdk"
import type { ServerLimits } from "@qpc/server/core"
import { damageGroups, damageMessages } from "./damaged-profile.ts"
import type { History } from "./history.ts"

const MINUTE_MS = 60_000
/** The server then answers one call of each session, and refuses the next. */
const ONE_CALL: Partial<ServerLimits> = { requests: { count: 1, windowMs: 60 * MINUTE_MS } }

/** How each failure to reach the server is brought about, by its code. */
const FAILURES: Readonly<Record<string, (history: History) => Promise<void>>> = {
  unreachable: async ({ world: { network }, me: { address } }) => network.block(address, "up", "cut"),
  timeout: async ({ world, me: { address } }) => {
    world.server.onConnected = () => world.network.block(address, "up", "cut")
  },
  rate_limited: (history) => history.serve(ONE_CALL),
  session_expired: async ({ world, me }) => {
    const { storage } = world.server
    const nowMs = world.unixMs() + 1
    const session = { tokenHash: new Uint8Array(32), identityKey: me.key, createdAtMs: nowMs, expiresAtMs: nowMs }
    // Logged in elsewhere, where the server allows one login.
    await storage.createSession(session, 1)
  },
  server_changed: async (history) => {
    history.restored.isNewKey = true
    await history.serve()
  },
}

/** The failures that can be played. */
export const PLAYED_FAILURES: ReadonlySet<string> = new Set(Object.keys(FAILURES))

/** Lets the doctor look at what the history has come to. */
export async function look(history: History, capsule: Capsule): Promise<Capsule> {
  const { me, world } = history
  await damageGroups(history, capsule)
  const beside = await damageMessages(history, capsule)
  const failure = codeOf(capsule)
  if (failure !== undefined) await FAILURES[failure]?.(history)
  setClock(history, capsule)
  const { there } = history.profile.keyPackages
  me.limits = { ...me.limits, keyPackageLow: there?.isLow === true ? 200 : 1 }
  const client = await world.during(me.open(), "we open")
  const diagnosis = capsule.isSynchronised
    ? (await world.during(client.repair({ waitMs: 30_000 }), "the doctor repairs")).after
    : await world.during(client.diagnose(), "the doctor looks")
  await world.during(me.close(), "we close")
  return seen(withFindings(diagnosis, beside), capsule)
}

/** What a diagnosis is, written by the versions that wrote the capsule: other versions are told apart elsewhere. */
export const seen = (diagnosis: Diagnosis, { versions }: Capsule): Capsule => ({
  ...capsuleOf(diagnosis, versions),
  versions,
})

/** Why the server could not be asked. */
export const codeOf = ({ findings }: Capsule): string | undefined =>
  findings.find(({ facts }) => facts.code !== undefined)?.facts.code

/** A wrong clock is set just before we look; where the server does not tell the time, it is the profile that knows better. */
function setClock({ me, profile }: History, { findings }: Capsule): void {
  const ofProfile = findings.find(({ facts }) => facts.knownBy === "profile")?.facts.offset
  const offset = profile.serverClock ?? ofProfile ?? "none"
  const fromMs = offsetFromMs(offset)
  if (fromMs !== 0) me.skewMs = -(fromMs + Math.sign(fromMs) * 2 * MINUTE_MS)
}
