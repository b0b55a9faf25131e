// @ts-check
/** Looking up a word that somebody else chose, and what lies last; touches no page. */

/**
 * Whether an object has a property of its own. `Object.hasOwn` is younger than browsers that people use.
 * @param {object} object @param {PropertyKey} name @returns {boolean}
 */
export const hasOwn = (object, name) => Object.prototype.hasOwnProperty.call(object, name);

/** The last of a list, which `at()` is too young for. @template T @param {readonly T[]} list @returns {T | undefined} */
export const last = (list) => list[list.length - 1];

/**
 * What a table says of a word, and nothing that every object has besides: a server's "constructor"
 * is a word like any other.
 * @template T
 * @param {Readonly<Record<string, T>>} table @param {string} word @returns {T | undefined}
 */
export const lookUp = (table, word) => (hasOwn(table, word) ? table[word] : undefined);
