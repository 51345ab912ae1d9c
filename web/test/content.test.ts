import { describe, expect, it } from 'vitest';
import { paragraphs, plain, type Piece } from '../src/content';

const links = (html: string) => paragraphs(html).flat().filter((piece): piece is Piece & { kind: 'link' } => piece.kind === 'link');
const text = (html: string) => plain(html);

describe('the text of a dweet', () => {
  it('has paragraphs, line breaks and links to people, hashtags and the web', () => {
    const html =
      '<p>a &lt;b&gt; &amp; c<br />d</p><p>' +
      '<span class="h-card"><a href="http://x:1/@ben" class="u-url mention">@<span>ben</span></a></span> ' +
      '<a href="http://x:1/tags/plaza" class="mention hashtag" rel="tag">#<span>Plaza</span></a> ' +
      '<a href="https://example.org/?a=1&amp;b=2" rel="nofollow">https://example.org/?a=1&amp;b=2</a></p>';
    expect(paragraphs(html)).toHaveLength(2);
    expect(text(html)).toBe('a <b> & c\nd\n\n@ben #Plaza example.org/?a=1&b=2');
    expect(links(html).map(({ href, isOutside }) => [href, isOutside])).toEqual([
      ['/@ben', false],
      ['/tags/plaza', false],
      ['https://example.org/?a=1&b=2', true],
    ]);
  });

  it('makes nothing but text of what it does not know', () => {
    expect(text('<img src=x onerror="alert(1)">hi<script>alert(2)</script><svg/onload=alert(3)>')).toBe('hialert(2)');
    expect(paragraphs('<p onclick="x">a</p>')).toEqual([[{ kind: 'text', text: 'a' }]]);
    expect(text('1 < 2 <b')).toBe('1 < 2 <b');
    expect(text('<a href="/x"')).toBe('<a href="/x"');
  });

  it('links to the web alone', () => {
    for (const href of ['javascript:alert(1)', ' javascript:alert(1)', 'java&#115;cript:alert(1)', 'data:text/html,x', '//evil.example', 'https://', 'vbscript:x']) {
      expect(links(`<a href="${href}">x</a>`), href).toEqual([]);
      expect(text(`<a href="${href}">x</a>`)).toBe('x');
    }
  });

  it('keeps a nick and a hashtag within their own addresses', () => {
    expect(links('<a class="mention" href="x">@../api?x</a>')[0]?.href).toBe('/@..%2Fapi%3Fx');
    expect(links('<a class="mention hashtag" href="x">#a/../b</a>')[0]?.href).toBe('/tags/a%2F..%2Fb');
  });

  it('reads entities as what they stand for, and no further', () => {
    expect(text('&amp;lt; &#39; &#x1F600; &unknown; &#0; &#99999999;')).toBe("&lt; ' 😀 &unknown; &#0; &#99999999;");
  });

  it('takes time that grows with the text and not faster', () => {
    const hostile = '<'.repeat(50_000) + '<a href="'.repeat(5_000);
    const began = performance.now();
    paragraphs(hostile);
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});
