import { methods, RpcError } from "@qpc/rpc"
import { equalBytes, toHex, toIdentityKey } from "@qpc/wire"
import type { IdentityKey } from "@qpc/wire"
import { ClientError } from "./client-error.ts"
import { sameName, secondName } from "./contacts.ts"
import type { Context } from "./context.ts"
import type { NoticeReason, Person } from "./model.ts"
import { asClientError } from "./network-error.ts"
import type { Call } from "./outbox.ts"
import { Transaction } from "./transaction.ts"

/** Names looked up after one connection was made; more wait for the next. */
const LEARN_AT_ONCE = 32

/**
 * Asks the server whose key belongs to a name, and pins the answer at the first time.
 *
 * @throws ClientError `user_unknown`; `identity_changed` if the server now names another key than the pinned one
 */
export async function resolveUser(context: Context, call: Call, username: string): Promise<Person> {
  const name = username.normalize("NFC")
  if (!isName(name)) throw unknownUser(username)
  const identityKey = await keyOfUser(call, name)
  checkName(context, name, identityKey)
  await pin(context, name, identityKey)
  return context.contacts.person(identityKey)
}

async function keyOfUser(call: Call, username: string): Promise<IdentityKey> {
  try {
    const answer = await asClientError(call(methods.resolveUser, { username }))
    return keyOf(answer.identityKey)
  } catch (error) {
    if (!(error instanceof ClientError) || error.code !== "user_unknown") throw error
    throw unknownUser(username, error)
  }
}

function unknownUser(username: string, cause?: unknown): ClientError {
  const nextStep = "Check the spelling of the name."
  return new ClientError("user_unknown", `the server knows nobody named ${username}`, { nextStep, cause })
}

/** What can be a name at all; which of these are taken is the server's matter. */
const isName = (username: string): boolean => /^[\p{L}\p{M}\p{Nd}._-]{1,64}$/u.test(username)

/** @throws ClientError `identity_changed` if the name, or the key, is pinned otherwise, or one of the two is our own */
function checkName({ contacts, self }: Context, username: string, identityKey: IdentityKey): void {
  const own = self.identity
  if (own !== undefined && equalBytes(own.identityKey, identityKey) !== (sameName(own.username) === sameName(username)))
    throw secondName(username, equalBytes(own.identityKey, identityKey) ? own.username : "somebody else")
  contacts.check(username, identityKey)
}

/** Looks up the names of members whom somebody else invited. What the server does not tell stays a key. */
export async function learnNames(context: Context, call: Call): Promise<void> {
  const unknown = new Map<string, IdentityKey>()
  for (const member of context.groups.all()) {
    for (const { identityKey } of member.members()) {
      const isKnown = context.contacts.person(identityKey).username !== undefined
      if (!isKnown) unknown.set(toHex(identityKey), identityKey)
    }
  }
  for (const identityKey of [...unknown.values()].slice(0, LEARN_AT_ONCE)) await learn(context, call, identityKey)
}

async function learn(context: Context, call: Call, identityKey: IdentityKey): Promise<void> {
  try {
    const { username } = await call(methods.resolveIdentity, { identityKey })
    if (!isName(username)) return
    checkName(context, username, identityKey)
    await pin(context, username, identityKey)
  } catch (error) {
    if (error instanceof RpcError && error.reason === "user_unknown") return
    if (!(error instanceof ClientError) || error.code !== "identity_changed") throw error
    const notice = { seq: 0n, sizeBytes: 0, reason: "identity_changed" satisfies NoticeReason }
    await context.turn.takeAlways(() => Transaction.run(context, "up", async (tx) => tx.notice(notice)))
  }
}

function pin(context: Context, username: string, identityKey: IdentityKey): Promise<void> {
  return context.turn.takeAlways(async () => {
    if (context.contacts.pinned(username) !== undefined) return
    const { change, commit } = context.contacts.pin(username, identityKey)
    await Transaction.run(context, "up", async (tx) => {
      tx.change(change)
      tx.afterwards(commit)
    })
  })
}

function keyOf(bytes: Uint8Array): IdentityKey {
  if (bytes.length === 32) return toIdentityKey(bytes)
  throw new ClientError("protocol", "the server named a key of a wrong length", {
    nextStep: "Update qpc or the server.",
  })
}
