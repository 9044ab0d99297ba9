/**
 * The format of a member's state that this software writes. Versions 1 and 2 were one piece; in version 3 a person was one device,
 * nobody left, and there was no log of epochs; in version 4 a group kept its cipher suite, nobody let themselves in again, and texts
 * were not counted.
 */
export const STATE_VERSION = 5
/** The first version that consisted of records, which are read as they are. */
export const FIRST_RECORDS_VERSION = 3
