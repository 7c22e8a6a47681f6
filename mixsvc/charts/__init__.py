"""Charts: pictures of rates, drawn with matplotlib in processes of their own.

| file | |
| --- | --- |
| chart | what to draw, as a value with a key |
| queue | the cache of pictures, the limits for those who wait, and the facade for views |
| remote | the facade for views in another process, and what it asks |
| pool | the drawing processes: started on demand, replaced when they fail, killed at the end |
| worker | both ends of Ampoule; importing it needs a reactor |
| cache_folder | where matplotlib keeps its list of fonts |
| drawing | the drawing itself; only imported in the processes |

Drawing takes some 200 ms of a core and matplotlib 70 MB, so it happens neither in the reactor nor in its threads. A
view calls ChartsFacade.picture, which waits in its thread; the reactor looks into the cache, waits for a free
process, and sends the numbers over a pipe (AMP, the protocol of twisted.protocols.amp). The picture comes back the
same way.

What can go wrong is bounded: at most ChartLimits.waiting requests wait, each for at most ChartLimits.seconds, then
they fail with ServiceBusy. A process that takes too long or crashes is killed, and a new one draws the next picture.
A process without work ends after a minute. All of them end with the service, even if that is killed: their pipe
closes.

The same chart gives the same bytes whichever process draws it, so a picture has a strong ETag.
"""
