import { ClientError } from "./client-error.ts"
import type { Failure, StoredMessage } from "./model.ts"
import type { SentRecord } from "./records.ts"

const LOST = "record_damaged"

/** Of something of ours whose record of how far it got cannot be read. */
const UNREADABLE: Failure = { code: LOST, nextStep: "What is stored of that is damaged. What to do: qpc doctor." }

/** The same when that record was given up. It is a failure to whoever reads records: of what did not fail, a later record tells. */
export const GIVEN_UP: Failure = {
  code: LOST,
  nextStep: "What was stored of that is lost. Ask the others whether it came, and send it again if it did not.",
}

/** The same, said to whoever waits for something of ours. */
export function unreadableSent(): ClientError {
  return new ClientError("store_corrupt", "what is stored of how far that got is damaged", UNREADABLE)
}

/** How far a message of ours got, as people see it. */
export function stateOfSent(sent: SentRecord | "damaged" | undefined): Pick<StoredMessage, "state" | "failure"> {
  // Another device of ours has sent it, whose text the server has accepted.
  if (sent === undefined) return { state: "accepted" }
  if (sent === "damaged") return { state: "unknown", failure: UNREADABLE }
  const { state, failure } = sent
  if (failure === undefined) return { state }
  return { state: failure.code === LOST ? "unknown" : state, failure }
}
