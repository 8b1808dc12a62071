"""The look of the page of a version, beside that of all reports."""

STYLE = """
:root{--mark:#2767ad;--mark-soft:#9fc3e8;--grid:#e6eaf0}
@media (prefers-color-scheme:dark){:root{--mark:#6fb0f2;--mark-soft:#2f5f8f;--grid:#2a313c}}
.grid{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:16px;align-items:start}
.column{display:grid;gap:16px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;margin:16px 0}
.card{border:1px solid var(--line);border-radius:8px;padding:14px 16px;min-width:0;break-inside:avoid}
.card h3{font-size:16px;margin:0 0 2px}
.card p{margin:2px 0 8px}
.tile{border:1px solid var(--line);border-radius:8px;padding:10px 14px;break-inside:avoid}
.tile b{display:block;font-size:24px;white-space:nowrap;line-height:1.25;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft);font-size:13px;line-height:1.35;display:block}
.whisker{display:grid;grid-template-columns:minmax(0,32%) minmax(0,1fr) 92px;gap:0 12px;align-items:center;
padding:3px 0;font-size:14px;line-height:1.3}
.wordy .whisker{grid-template-columns:minmax(0,52%) minmax(0,1fr) 62px}
.whisker>span{overflow-wrap:anywhere}
.whisker>em{font-style:normal;font-variant-numeric:tabular-nums;text-align:right}
.whisker small{color:var(--soft);font-size:12px;display:block}
.whisker em small{white-space:nowrap}
.card h4{font-size:13px;margin:8px 0 0;color:var(--soft);font-weight:600}
.short{white-space:nowrap}
.track{position:relative;height:22px;background:var(--band);border-radius:4px}
.track i,.track b,.track u{position:absolute;display:block}
.track i{top:9px;height:4px;border-radius:2px;background:currentColor;opacity:.5;min-width:2px}
.track b{top:5px;width:12px;height:12px;margin-left:-6px;border-radius:50%;background:currentColor}
.track u{top:-3px;bottom:-3px;width:0;border-left:2px dashed var(--soft);opacity:.8}
.track.mark{color:var(--mark)}.track.soft{color:var(--soft)}
.track.good,.track.odd,.track.bad{background:var(--band)}
.ticks{position:relative;height:16px;font-size:12px;color:var(--soft);font-variant-numeric:tabular-nums}
.ticks span{position:absolute;transform:translateX(-50%);white-space:nowrap}
.chart{display:block;width:100%;height:auto;max-width:520px}
.chart text{font:13px system-ui,sans-serif;fill:var(--soft)}
.chart .name{fill:var(--ink)}
.legend{font-size:13px;color:var(--soft)}
.legend b{display:inline-block;width:14px;height:4px;border-radius:2px;vertical-align:middle;margin:0 6px 0 12px}
.heat{table-layout:fixed;width:100%;min-width:0;border-collapse:separate;border-spacing:2px;font-size:12px;margin:0}
.heat td,.heat th{border:0;padding:3px 2px;text-align:center;font-size:12px;border-radius:3px;line-height:1.2}
.heat th.row{text-align:right;width:26%;overflow-wrap:anywhere}
.heat thead th{vertical-align:bottom}
.heat thead th span{writing-mode:vertical-rl;transform:rotate(180deg);white-space:nowrap}
.heat td.dim{color:var(--soft)}
.flow{list-style:none;padding:0;margin:4px 0}
.flow li{display:grid;grid-template-columns:76px minmax(0,1fr);gap:0 12px;padding:5px 0;
border-bottom:1px solid var(--line)}
.flow b{font-variant-numeric:tabular-nums;text-align:right}
.flow small{display:block;color:var(--soft);font-size:13px;overflow-wrap:anywhere}
.checks{display:flex;flex-wrap:wrap;gap:6px;margin:6px 0}
@media (max-width:820px){.grid{display:flex;flex-direction:column;align-items:stretch}.column{display:contents}}
@media (max-width:600px){th,td{padding:6px 6px 6px 2px}
main{padding:20px 14px 48px}.whisker{grid-template-columns:minmax(0,30%) minmax(0,1fr) 78px;
gap:0 8px}.card{padding:12px}.tiles{grid-template-columns:repeat(2,minmax(0,1fr))}.tile b{font-size:21px}}
"""
