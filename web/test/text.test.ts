import { describe, expect, it } from 'vitest';
import { characters, graphemes } from '../src/text';

describe('how long a text is', () => {
  it.each([
    ['', 0],
    ['  hola \r\n', 4],
    ['👩‍👩‍👧‍👦é', 2],
    ['https://example.org/' + 'x'.repeat(300), 23],
    ['(https://example.org/a_(b)).', 26],
    ['véase HTTP://x.y, ya', 5 + 1 + 23 + 1 + 3],
    ['@ana@tertulia.example:8443 hola', 9],
    ['@Ana hola', 9],
    ['a@ana@x.y', 9],
    ['xhttps://example.org', 20],
    ['https://', 8],
    ['#etiqueta', 9],
  ])('%s counts %i', (text, expected) => expect(characters(text)).toBe(expected));

  it('of a name is that of its clusters', () => expect(graphemes('Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A')).toBe(2));
});
