package chappe.bench;

import io.siddhi.core.SiddhiAppRuntime;
import io.siddhi.core.SiddhiManager;
import io.siddhi.core.event.Event;
import io.siddhi.core.stream.output.StreamCallback;

/** Both rules in SiddhiQL, time given by the rows. Two streams, because the rules have different keys and so different owners. */
public final class Siddhi implements Engine {
    private static final String RULES =
            """
            define stream ByIndicator(ts long, indicator string, country string);
            define stream ByCountryAndType(ts long, country string, type string);
            @info(name = 'first') from ByIndicator#window.externalTime(ts, 24 hours)
              select ts, indicator, distinctCount(country) as counted group by indicator having counted >= 3l insert into First;
            @info(name = 'second') from ByCountryAndType#window.externalTime(ts, 1 hour)
              select ts, count() as counted group by country, type insert into Second;
            """;

    public static void main(String[] arguments) throws Exception {
        Harness.main(new Siddhi(), arguments);
    }

    @Override
    public String name() {
        return "Siddhi 5.1.27";
    }

    @Override
    public Sums run(Rows rows, int part, int parts, String instance) throws Exception {
        var manager = new SiddhiManager();
        SiddhiAppRuntime runtime = manager.createSiddhiAppRuntime(RULES);
        long[] sums = new long[2];
        runtime.addCallback("First", new StreamCallback() {
            @Override
            public void receive(Event[] told) {
                sums[0] += told.length;
            }
        });
        runtime.addCallback("Second", new StreamCallback() {
            @Override
            public void receive(Event[] told) {
                for (Event event : told) {
                    sums[1] += (Long) event.getData(1);
                }
            }
        });
        var byIndicator = runtime.getInputHandler("ByIndicator");
        var byCountryAndType = runtime.getInputHandler("ByCountryAndType");
        runtime.start();
        for (int row = 0; row < rows.count(); row++) {
            long time = rows.time[row];
            if (rows.ownsIndicator(row, part, parts)) {
                byIndicator.send(time, new Object[] {time, rows.indicator[row], rows.country[row]});
            }
            if (rows.ownsCountryAndType(row, part, parts)) {
                byCountryAndType.send(time, new Object[] {time, rows.country[row], rows.type[row]});
            }
        }
        runtime.shutdown();
        manager.shutdown();
        return new Sums(sums[0], sums[1]);
    }
}
