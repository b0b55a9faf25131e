// @ts-check
/** Looking up a word that somebody else chose; touches no page. */

/**
 * What a table says of a word, and nothing that every object has besides: a server's "constructor"
 * is a word like any other.
 * @template T
 * @param {Readonly<Record<string, T>>} table @param {string} word @returns {T | undefined}
 */
export const lookUp = (table, word) => (Object.hasOwn(table, word) ? table[word] : undefined);
