/** A site, as its tile gives it. */

import { named } from '../../i18n';
import type { Selection } from '../../state';
import { count, position } from '../../text/format';
import { operatorOf, type Context } from '../context';
import { empty, figures } from '../pieces';
import type { PanelContent } from './panelContent';

type SiteSelection = Extract<Selection, { kind: 'site' }>;

export async function sitePanel(context: Context, selection: SiteSelection): Promise<PanelContent> {
  const { build, map, t } = context;
  const site = (await map?.feature('sites', 'site_id', selection.id)) ?? null;
  const text = (name: string) => (typeof site?.[name] === 'string' ? site[name] : '');
  const list = (name: string) => text(name).split(',').filter((part) => part !== '');
  const iot = [site?.nbiot ? 'NB-IoT' : '', site?.redcap ? 'RedCap' : ''].filter((part) => part !== '');
  const known = figures([
    [t('field.operators'), list('operators').map((id) => operatorOf(context, id)).join(', ') || null],
    [t('field.technologies'), list('technologies').map((id) => named(t, 'technology', id)).join(', ') || null],
    [t('field.cells'), typeof site?.cells === 'number' ? count(site.cells) : null],
    [t('field.iot'), iot.join(', ') || null],
    [t('field.coordinates', { datum: build.datum }), position(selection.lon, selection.lat)],
    [t('field.identity'), selection.id],
  ]);
  return {
    kind: t('panel.site'),
    title: text('name') || selection.id,
    body: [site ? null : empty(t('panel.noSite')), known],
  };
}
