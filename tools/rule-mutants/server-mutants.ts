import type { RuleMutant } from "./rule-mutant.ts"

const src = "server/src"
const sqlite = `${src}/storage/sqlite`

/** Rules of the delivery server. */
export const SERVER_MUTANTS: readonly RuleMutant[] = [
  {
    does: "says that a message is stored before it is durable",
    file: `${sqlite}/group-commit.ts`,
    was: `      this.#release.run()
      return () => write.resolve(result)`,
    is: `      this.#release.run()
      write.resolve(result)
      return () => undefined`,
    tests: [`${sqlite}/group-commit.test.ts`, `${sqlite}/durability.test.ts`],
  },
  {
    does: "takes a second commit out of an epoch",
    file: `${sqlite}/enqueue.ts`,
    was: "if (claim.epoch === currentEpoch) return undefined",
    is: "if (claim.epoch <= currentEpoch) return undefined",
    tests: [`${sqlite}/sqlite-storage.test.ts`],
  },
  {
    does: "takes messages of somebody who is not in the channel",
    file: `${sqlite}/enqueue.ts`,
    was: `if (!this.#channels.isMember(channel, sender)) return { kind: "not_a_member" }`,
    is: "",
    tests: [`${sqlite}/sqlite-storage.test.ts`],
  },
  {
    does: "takes another message under a used id for the same",
    file: `${sqlite}/enqueue.ts`,
    was: `if (!equalBytes(row.fingerprint, batch.fingerprint)) return { kind: "message_id_reused" }`,
    is: "",
    tests: [`${sqlite}/sqlite-storage.test.ts`],
  },
  {
    does: "hands out a key package twice",
    file: `${sqlite}/key-packages.ts`,
    was: "      this.#take.run(oldest.id)\n",
    is: "",
    tests: [`${sqlite}/sqlite-storage.test.ts`],
  },
  {
    does: "hands out an envelope at the moment at which it has expired",
    file: `${sqlite}/inboxes.ts`,
    was: "WHERE inbox = ? AND seq > ? AND expires_at_ms > ? ORDER BY seq LIMIT ?",
    is: "WHERE inbox = ? AND seq > ? AND expires_at_ms >= ? ORDER BY seq LIMIT ?",
    tests: [`${sqlite}/sqlite-storage.test.ts`],
  },
  {
    does: "lets an inbox have one envelope more than the limit",
    file: `${sqlite}/inboxes.ts`,
    was: "return queued + coming.count <= limits.queueDepth &&",
    is: "return queued + coming.count <= limits.queueDepth + 1 &&",
    tests: [`${sqlite}/sqlite-storage.test.ts`],
  },
  {
    does: "counts a request for a moment longer than its window",
    file: `${src}/sliding-window.ts`,
    was: ".filter((moment) => moment > nowMs - windowMs)",
    is: ".filter((moment) => moment >= nowMs - windowMs)",
    tests: [`${src}/sliding-window.test.ts`],
  },
  {
    does: "lets people register the key of somebody else",
    file: `${src}/accounts/accounts.ts`,
    was: "if (!suite.verify(identityKey, proven(",
    is: "if (identityProof.length === 0 && !suite.verify(identityKey, proven(",
    tests: [`${src}/dispatch/accounts.test.ts`],
  },
  {
    does: "lets a session live at the moment at which it ends",
    file: `${src}/dispatch/client-connection.ts`,
    was: "return this.#session !== undefined && this.#session.expiresAtMs > this.#clock.unixMs()",
    is: "return this.#session !== undefined && this.#session.expiresAtMs >= this.#clock.unixMs()",
    tests: [`${src}/dispatch/accounts.test.ts`],
  },
  {
    does: "takes a commit under the label of another epoch",
    file: `${src}/delivery/receive.ts`,
    was: `kind === "commit" ? epoch === offered.epoch : kind === "welcome"`,
    is: `kind === "commit" ? true : kind === "welcome"`,
    tests: [`${src}/delivery/receive.test.ts`],
  },
  {
    does: "lets the sender of a commit make it vanish early",
    file: `${src}/delivery/receive.ts`,
    was: "return ttlSecs === 0 || claim ? retentionMs : Math.min(ttlSecs * 1000, retentionMs)",
    is: "return ttlSecs === 0 ? retentionMs : Math.min(ttlSecs * 1000, retentionMs)",
    tests: [`${src}/delivery/receive.test.ts`],
  },
  {
    does: "pushes one envelope more than may be unacknowledged",
    file: `${src}/delivery/send.ts`,
    was: "(this.#inFlight.length < window &&",
    is: "(this.#inFlight.length <= window &&",
    tests: [`${src}/delivery/send.test.ts`],
  },
  {
    does: "tells the sender of a commit to repeat it",
    file: `${src}/dispatch/handlers.ts`,
    was: "const full = request.claim === undefined ? outcome.full : []",
    is: "const full = outcome.full",
    tests: [`${src}/dispatch/delivery.test.ts`],
  },
]
