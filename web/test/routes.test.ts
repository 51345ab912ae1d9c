import { describe, expect, it } from 'vitest';
import { match, ROUTES, to, type Route } from '../src/routes';

describe('the table of routes', () => {
  it('finds each of its own addresses', () => {
    for (const route of ROUTES as readonly Route[]) {
      const example = route.example ?? {};
      const path = route.path.replace(/:(\w+)/g, (_, name: string) => example[name] ?? '117');
      expect(match(path).name).toBe(route.name);
      expect(match(`${path}/`).name).toBe(route.name);
    }
  });

  it('says of anything else that there is nothing', () => {
    for (const path of ['/nonsense', '/home/x', '/login/x/y', '//evil.example']) expect(match(path).name).toBe('nothing');
  });

  it('makes addresses that cannot be mistaken', () => {
    expect(to.tag('a/b?c')).toBe('/tags/a%2Fb%3Fc');
    expect(to.person('../x')).toBe('/@..%2Fx');
  });
});
