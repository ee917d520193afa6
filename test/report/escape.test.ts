/** Nothing that comes from data becomes markup or script. */
import { describe, expect, it } from 'vitest';
import { escapeHtml, html, inlineScript, inlineStyle, scriptJson } from '../../src/report/escape.js';

describe('html', () => {
  it('escapes text in content and in attributes', () => {
    expect(escapeHtml(`<a href="x" id='y'>&`)).toBe('&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;');
    expect(html`<b title="${'"><img>'}">${'<&>'}</b>`.text).toBe(
      '<b title="&quot;&gt;&lt;img&gt;">&lt;&amp;&gt;</b>',
    );
  });

  it('keeps markup, joins arrays and leaves out what is absent, but not 0', () => {
    const items = ['a', '<'].map((name) => html`<i>${name}</i>`);
    expect(html`${items}|${undefined}|${false}|${0}|${''}`.text).toBe('<i>a</i><i>&lt;</i>|||0|');
  });
});

describe('scriptJson', () => {
  it('cannot end its element and is still the same JSON', () => {
    const value = { text: '</script><!-- & \u2028 \u2029 "quoted" \\' };
    const json = scriptJson(value);
    expect(json).not.toMatch(/[<>&\u2028\u2029]/);
    expect(JSON.parse(json)).toEqual(value);
  });

  it('names numbers that JSON does not have', () => {
    expect(JSON.parse(scriptJson([Number.NaN, Number.POSITIVE_INFINITY, -Infinity, 1.5]))).toEqual([
      'NaN',
      'Infinity',
      '-Infinity',
      1.5,
    ]);
  });
});

describe('inlined libraries', () => {
  it('cannot end their elements', () => {
    expect(inlineScript('a = "</script>" + "<!--" + "</SCRIPT"').text).not.toMatch(/<\/script|<!--/i);
    expect(inlineStyle('a::after { content: "</style>" }').text).not.toMatch(/<\/style/i);
  });

  it('keep the meaning of a string in a script', () => {
    const run = new Function(`return ${inlineScript(`'</script>'`).text};`) as () => string;
    expect(run()).toBe('</script>');
  });
});
