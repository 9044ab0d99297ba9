import type { Contacts } from "./contacts.ts"
import type { Notice } from "./model.ts"
import type { NoticeRecord } from "./records.ts"

/** A stored notice as people see it. */
export function noticeOf(contacts: Contacts, position: number, { person, ...record }: NoticeRecord): Notice {
  return { position, ...record, ...(person && { person: contacts.person(person) }) }
}
