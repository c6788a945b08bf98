package chappe.bench;

import com.espertech.esper.common.client.configuration.Configuration;
import com.espertech.esper.compiler.client.CompilerArguments;
import com.espertech.esper.compiler.client.EPCompilerProvider;
import com.espertech.esper.runtime.client.EPRuntime;
import com.espertech.esper.runtime.client.EPRuntimeProvider;
import com.espertech.esper.runtime.client.EPStatement;

/** Both rules in EPL, time given by the rows. Two streams, because the rules have different keys and so different owners. */
public final class Esper implements Engine {
    private static final String RULES =
            """
            @public @buseventtype create objectarray schema ByIndicator(ts long, indicator string, country string);
            @public @buseventtype create objectarray schema ByCountryAndType(ts long, country string, type string);
            @name('first') select ts, indicator, count(distinct country) as counted
              from ByIndicator#time(24 hours) group by indicator having count(distinct country) >= 3;
            @name('second') select ts, count(*) as counted
              from ByCountryAndType#time(1 hours) group by country, type;
            """;

    public static void main(String[] arguments) throws Exception {
        Harness.main(new Esper(), arguments);
    }

    @Override
    public String name() {
        return "Esper 8.9.0";
    }

    @Override
    public Sums run(Rows rows, int part, int parts, String instance) throws Exception {
        var configuration = new Configuration();
        var threading = configuration.getRuntime().getThreading();
        threading.setInternalTimerEnabled(false);
        threading.setListenerDispatchPreserveOrder(false);
        threading.setInsertIntoDispatchPreserveOrder(false);
        var compiled = EPCompilerProvider.getCompiler().compile(RULES, new CompilerArguments(configuration));
        EPRuntime runtime = EPRuntimeProvider.getRuntime(instance, configuration);
        runtime.initialize();
        var events = runtime.getEventService();
        events.clockExternal();
        events.advanceTime(rows.time[0] - 1);
        long[] sums = new long[2];
        for (EPStatement statement : runtime.getDeploymentService().deploy(compiled).getStatements()) {
            listen(statement, sums);
        }
        var byIndicator = events.getEventSender("ByIndicator");
        var byCountryAndType = events.getEventSender("ByCountryAndType");
        for (int row = 0; row < rows.count(); row++) {
            boolean first = rows.ownsIndicator(row, part, parts);
            boolean second = rows.ownsCountryAndType(row, part, parts);
            if (first || second) {
                events.advanceTime(rows.time[row]);
            }
            if (first) {
                byIndicator.sendEvent(new Object[] {rows.time[row], rows.indicator[row], rows.country[row]});
            }
            if (second) {
                byCountryAndType.sendEvent(new Object[] {rows.time[row], rows.country[row], rows.type[row]});
            }
        }
        runtime.destroy();
        return new Sums(sums[0], sums[1]);
    }

    private static void listen(EPStatement statement, long[] sums) {
        if (statement.getName().equals("first")) {
            statement.addListener((told, gone, from, runtime) -> sums[0] += told == null ? 0 : told.length);
        } else if (statement.getName().equals("second")) {
            statement.addListener((told, gone, from, runtime) -> {
                for (int event = 0; told != null && event < told.length; event++) {
                    sums[1] += (Long) told[event].get("counted");
                }
            });
        }
    }
}
