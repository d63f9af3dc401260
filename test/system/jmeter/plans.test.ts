import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';

/* The plans as texts: what JMeter 2.13 and 5.x both know, and nothing in them that cannot be set from outside. */

const folder = new URL('../../../deploy/jmeter/', import.meta.url);
const plans = readdirSync(folder).filter((name) => name.endsWith('.jmx'));
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8');
const documentation = readFileSync(new URL('../../../docs/load-testing.md', import.meta.url), 'utf8');

/** In saveservice.properties of 2.13 and of 5.6, with the properties that their classes read in both. */
const elements: Readonly<Record<string, readonly string[]>> = {
  TestPlan: ['TestPlan.comments', 'TestPlan.functional_mode', 'TestPlan.serialize_threadgroups'],
  ThreadGroup: [
    ...['TestPlan.comments', 'ThreadGroup.on_sample_error', 'ThreadGroup.main_controller'],
    ...['ThreadGroup.num_threads', 'ThreadGroup.ramp_time', 'ThreadGroup.scheduler'],
  ],
  LoopController: ['LoopController.continue_forever', 'LoopController.loops'],
  TestAction: ['ActionProcessor.action', 'ActionProcessor.target', 'ActionProcessor.duration'],
  HTTPSamplerProxy: [
    ...['HTTPsampler.Arguments', 'HTTPSampler.domain', 'HTTPSampler.port', 'HTTPSampler.protocol', 'HTTPSampler.path'],
    ...['HTTPSampler.method', 'HTTPSampler.implementation', 'HTTPSampler.connect_timeout'],
    ...['HTTPSampler.response_timeout', 'HTTPSampler.follow_redirects', 'HTTPSampler.auto_redirects'],
    ...['HTTPSampler.use_keepalive'],
  ],
  Arguments: ['Arguments.arguments'],
  RegexExtractor: [
    ...['RegexExtractor.useHeaders', 'RegexExtractor.refname', 'RegexExtractor.regex', 'RegexExtractor.template'],
    ...['RegexExtractor.default', 'RegexExtractor.match_number'],
  ],
};
const structure = ['jmeterTestPlan', 'hashTree', 'stringProp', 'boolProp', 'intProp', 'elementProp', 'collectionProp'];
/** The numbers of a plan that are not settings: constants of JMeter's format, and units. */
const fixed = [
  ...['ActionProcessor.action', 'ActionProcessor.target', 'LoopController.loops', 'ThreadGroup.ramp_time'],
  ...['RegexExtractor.match_number'],
];

interface Node {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Node[];
  text: string;
}

/** As strict as the plans need: tags that match, attributes in quotes, entities, no CDATA, no comments. */
function parseXml(xml: string): Node {
  const root: Node = { tag: '', attributes: {}, children: [], text: '' };
  const open = [root];
  const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '');
  for (const [, close, tag = '', attributes = '', empty, text] of body.matchAll(
    /<(\/?)([A-Za-z]\w*)((?: [\w:]+="[^"<]*")*)(\/?)>|([^<]+)|</g,
  )) {
    const parent = open.at(-1);
    if (parent === undefined) throw new Error('text after the end');
    if (text !== undefined) parent.text += decoded(text);
    else if (tag === '') throw new Error(`not well-formed in ${parent.tag}`);
    else if (close === '/') {
      if (open.pop()?.tag !== tag) throw new Error(`</${tag}> does not match`);
    } else {
      const pairs = [...attributes.matchAll(/([\w:]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [
        key,
        decoded(value),
      ]);
      const node: Node = { tag, attributes: Object.fromEntries(pairs), children: [], text: '' };
      parent.children.push(node);
      if (empty !== '/') open.push(node);
    }
  }
  if (open.length !== 1) throw new Error(`<${open.at(-1)?.tag}> is not closed`);
  return root;
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function decoded(text: string): string {
  return text.replaceAll(/&(\w*);?/g, (whole, name: string) => {
    const character = whole.endsWith(';') ? entities[name] : undefined;
    if (character === undefined) throw new Error(`no entity: ${whole}`);
    return character;
  });
}

function all(node: Node): Node[] {
  return [node, ...node.children.flatMap(all)];
}

/** Names and defaults of the properties that a plan takes. */
function propertiesOf(plan: string): Map<string, string> {
  const found = [...read(plan).matchAll(/\$\{__P\((\w+),([^)]*)\)\}/g)];
  return new Map(found.map(([, name = '', value = '']) => [name, value]));
}

test('the three plans exist', (t) => {
  t.deepEqual(plans.toSorted(), ['failure.jmx', 'flash-crowd.jmx', 'steady.jmx']);
});

for (const plan of plans) {
  test(`${plan} is well-formed and has only elements and properties that JMeter 2.13 and 5.x know`, (t) => {
    const nodes = all(parseXml(read(plan))).slice(1);
    t.true(nodes.length > 30);
    for (const node of nodes) {
      const properties = elements[node.attributes['elementType'] ?? node.tag];
      if (properties === undefined) {
        t.true(structure.includes(node.tag), node.tag);
        continue;
      }
      t.is(node.attributes['testclass'], node.attributes['elementType'] ?? node.tag);
      for (const { attributes } of node.children) {
        t.true(properties.includes(attributes['name'] ?? ''), `${node.tag}: ${attributes['name']}`);
      }
    }
  });

  test(`every number of ${plan} is a -J property with one default`, (t) => {
    const leaves = all(parseXml(read(plan))).filter(({ tag }) => tag === 'stringProp' || tag === 'intProp');
    for (const { attributes, text } of leaves) {
      const name = attributes['name'] ?? '';
      if (/^\s*-?\d/.test(text)) t.true(fixed.includes(name), `${name}: ${text}`);
    }
    const found = [...read(plan).matchAll(/\$\{__P\((\w+),([^)]*)\)\}/g)].map(([, name, value]) => `${name}=${value}`);
    t.is(new Set(found).size, propertiesOf(plan).size);
    t.true([...propertiesOf(plan).values()].every((value) => value !== ''));
    t.false(
      /__(?:BeanShell|javaScript|groovy|property)\(/.test(read(plan)),
      'an interpreter that not all versions have',
    );
  });

  test(`docs/load-testing.md has every property of ${plan} with its default, and no other`, (t) => {
    const section = documentation.split(/^### /m).find((each) => each.startsWith(`${plan}\n`)) ?? '';
    const common = documentation.split(/^### /m).find((each) => each.startsWith('Every plan\n')) ?? '';
    const rows = [...`${common}${section}`.matchAll(/^\| `([a-z]\w*)` \| `([^`]*)` \|/gm)];
    t.deepEqual(
      rows.map(([, name = '', value = '']) => `${name}=${value}`).toSorted(),
      [...propertiesOf(plan)].map(([name, value]) => `${name}=${value}`).toSorted(),
    );
  });
}

test('the result file has the columns that haweight jtl reads', (t) => {
  const lines = read('jtl.properties').split('\n');
  for (const line of [
    ...['jmeter.save.saveservice.output_format=csv', 'jmeter.save.saveservice.print_field_names=true'],
    ...['jmeter.save.saveservice.timestamp_format=ms', 'sampleresult.timestamp.start=true'],
    ...['sample_variables=server,due', 'httpclient4.retrycount=0'],
  ]) {
    t.true(lines.includes(line), line);
  }
});
