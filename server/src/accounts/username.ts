const USERNAME = /^(?!\p{M})[\p{L}\p{M}\p{Nd}._-]{1,64}$/u
/** Seen by nobody: with them one name would look like another (UAX #31 §2.3). */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/u

/** The scripts that living languages are written in (UAX #31, table 5), and no others. */
const SCRIPTS: readonly RegExp[] = [
  /^[\p{scx=Latin}]*$/u,
  /^[\p{scx=Cyrillic}]*$/u,
  /^[\p{scx=Greek}]*$/u,
  /^[\p{scx=Arabic}]*$/u,
  /^[\p{scx=Armenian}]*$/u,
  /^[\p{scx=Bengali}]*$/u,
  /^[\p{scx=Devanagari}]*$/u,
  /^[\p{scx=Ethiopic}]*$/u,
  /^[\p{scx=Georgian}]*$/u,
  /^[\p{scx=Gujarati}]*$/u,
  /^[\p{scx=Gurmukhi}]*$/u,
  /^[\p{scx=Hebrew}]*$/u,
  /^[\p{scx=Kannada}]*$/u,
  /^[\p{scx=Khmer}]*$/u,
  /^[\p{scx=Lao}]*$/u,
  /^[\p{scx=Malayalam}]*$/u,
  /^[\p{scx=Myanmar}]*$/u,
  /^[\p{scx=Oriya}]*$/u,
  /^[\p{scx=Sinhala}]*$/u,
  /^[\p{scx=Tamil}]*$/u,
  /^[\p{scx=Telugu}]*$/u,
  /^[\p{scx=Thaana}]*$/u,
  /^[\p{scx=Thai}]*$/u,
  /^[\p{scx=Tibetan}]*$/u,
  /^[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]*$/u,
  /^[\p{scx=Han}\p{scx=Bopomofo}]*$/u,
  /^[\p{scx=Han}\p{scx=Hangul}]*$/u,
]

/**
 * True for what may be a username: 1 to 64 letters (with their marks), decimal digits, dots, underscores and hyphens,
 * in NFC, so that one name has one spelling in bytes.
 *
 * Its characters are of one script, or of those that one language mixes (UTS #39 §5.2), beside ASCII digits and
 * punctuation: a Cyrillic letter among Latin ones would pass for somebody else's name.
 */
export function isUsername(text: string): boolean {
  if (!USERNAME.test(text) || INVISIBLE.test(text) || text.normalize("NFC") !== text) return false
  const telling = text.replaceAll(/[0-9._-]|\p{scx=Inherited}/gu, "")
  return SCRIPTS.some((script) => script.test(telling))
}

/**
 * What two usernames must not share: case folded (by way of upper case, which unifies ß with ss and the forms of sigma)
 * and with compatibility forms such as full-width letters unified, and the two sets of Arabic digits.
 */
export function usernameKey(username: string): string {
  const folded = username.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC")
  return folded.replaceAll(/[\u06f0-\u06f9]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0x90))
}
