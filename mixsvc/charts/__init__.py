"""Charts: pictures of rates, drawn as SVG where they are asked for; PNGs are made of that in processes of their own.

| file | |
| --- | --- |
| ticks | where the axes have their ticks |
| drawing | the SVG of a history |
| queue | the cache of PNGs, the limits for those who wait, the facade for views, and what puts these together |
| remote | the facade for views in another process, and what it asks |
| direct | the facade for views in another server |
| pool | the drawing processes: started on demand, replaced when they fail, killed at the end |
| worker | both ends of Ampoule; importing it needs a reactor |
| png | the PNG of an SVG, by resvg; imported only where PNGs are made |
| fonts/ | what the text of a PNG is written with (hatch_build.py) |

An SVG takes some 2 ms, in the thread of the view that asks for it. A PNG takes 50 ms of a core and 30 MB, so it is made
neither in the reactor nor in its threads. A view calls ChartsFacade.picture, which waits in its thread; the reactor
looks into the cache, waits for a free process, and sends the SVG over a pipe (AMP, the protocol of
twisted.protocols.amp). The picture comes back the same way.

What can go wrong is bounded: at most ChartLimits.waiting requests wait, each for at most ChartLimits.seconds, then
they fail with ServiceBusy. A process that takes too long or crashes is killed, and a new one draws the next picture.
A process without work ends after a minute. All of them end with the service, even if that is killed: their pipe
closes.

The same history gives the same bytes whichever process draws it, so a picture has a strong ETag.
"""
