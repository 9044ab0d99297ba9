/** The format of a member's state that this software writes. Versions 1 and 2 were one piece. */
export const STATE_VERSION = 3
